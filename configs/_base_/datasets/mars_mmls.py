"""MMLS, first release: loose tiles of Mars. Owns: layers, factors.

Published test tiles. Validation is a fold of single training tiles, which may overlap: for
scores use the second release.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import MarsMmlsDataset
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile

root = 'mars_mmls'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=[
        'optical_red_scaled',
        'optical_green_scaled',
        'optical_blue_scaled',
        'optical_grey_scaled',
    ],
    terrain=['terrain_elevation_scaled', 'terrain_slope_scaled'],
    thermal=['thermal_inertia_scaled'],
)
factors = dict(optical=1, terrain=1, thermal=1)

train_dataloader.update(
    dataset=dict(
        type=MarsMmlsDataset,
        root=root,
        layers=layers,
        split='train',
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.15,
                offset=dict(
                    optical_red_scaled=0.03,
                    optical_green_scaled=0.03,
                    optical_blue_scaled=0.03,
                    optical_grey_scaled=0.03,
                    terrain_elevation_scaled=0.1,
                    thermal_inertia_scaled=0.03,
                ),
            ),
            dict(type=DropModalities, probability=0.1),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=MarsMmlsDataset,
        root=root,
        layers=layers,
        split='val',
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=MarsMmlsDataset,
        root=root,
        layers=layers,
        split='test',
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
