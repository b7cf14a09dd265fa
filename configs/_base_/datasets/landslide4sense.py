"""Landslide4Sense: Sentinel-2 and terrain, scaled. Owns: layers, factors.

Published splits. Copies without masks of validation have no `val`: there set `folds=5` for the
training and the validation loader.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import Landslide4SenseDataset
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile

root = 'landslide4sense'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=[
        'optical_coastal_scaled',
        'optical_blue_scaled',
        'optical_green_scaled',
        'optical_red_scaled',
        'optical_rededge1_scaled',
        'optical_rededge2_scaled',
        'optical_rededge3_scaled',
        'optical_nir_scaled',
        'optical_watervapour_scaled',
        'optical_cirrus_scaled',
        'optical_swir1_scaled',
        'optical_swir2_scaled',
    ],
    terrain=['terrain_slope_scaled', 'terrain_elevation_scaled'],
)
factors = dict(optical=1, terrain=1)

train_dataloader.update(
    dataset=dict(
        type=Landslide4SenseDataset,
        root=root,
        layers=layers,
        split='train',
        pipeline=[
            dict(type=LoadTile),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.15,
                offset=dict(
                    optical_blue_scaled=0.1,
                    optical_green_scaled=0.1,
                    optical_red_scaled=0.1,
                    optical_nir_scaled=0.1,
                    terrain_elevation_scaled=0.3,
                ),
            ),
            dict(type=DropModalities, probability=0.1),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=Landslide4SenseDataset,
        root=root,
        layers=layers,
        split='val',
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=Landslide4SenseDataset,
        root=root,
        layers=layers,
        split='test',
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
