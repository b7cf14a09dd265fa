"""Bijie: pictures and scaled elevation of differing sizes. Owns: layers, factors.

Tiles of 256 pixels are cut out of larger pictures, smaller ones are padded. The set has no
published split: these are the customary folds of single tiles, scores from which are too good;
`held_out` leaves counties out.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import BijieDataset
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile

root = 'bijie'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
    terrain=['terrain_elevation_scaled'],
)
factors = dict(optical=1, terrain=1)

train_dataloader.update(
    dataset=dict(
        type=BijieDataset,
        root=root,
        layers=layers,
        split='train',
        tile=256,
        folds=5,
        pipeline=[
            dict(type=LoadTile, jitter=64),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.15,
                offset=dict(
                    optical_red=8.0,
                    optical_green=8.0,
                    optical_blue=8.0,
                    terrain_elevation_scaled=16.0,
                ),
            ),
            dict(type=DropModalities, probability=0.1),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=BijieDataset,
        root=root,
        layers=layers,
        split='val',
        tile=256,
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=BijieDataset,
        root=root,
        layers=layers,
        split='val',
        tile=256,
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
