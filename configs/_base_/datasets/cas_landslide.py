"""CAS Landslide: true colours of nine regions, two held out. Owns: layers, factors.

Masks are checked once, by tools/datasets/prepare.py, not before each run: there are 20,865.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import CasLandslideDataset
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile

root = 'cas_landslide'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
)
factors = dict(optical=1)
held_out = dict(val=['Palu'], test=['Moxi'])

train_dataloader.update(
    dataset=dict(
        type=CasLandslideDataset,
        root=root,
        layers=layers,
        split='train',
        tile=256,
        held_out=held_out,
        check='files',
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
                ),
            ),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=CasLandslideDataset,
        root=root,
        layers=layers,
        split='val',
        tile=256,
        held_out=held_out,
        check='files',
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=CasLandslideDataset,
        root=root,
        layers=layers,
        split='test',
        tile=256,
        held_out=held_out,
        check='files',
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
