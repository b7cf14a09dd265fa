"""Landslide4Sense: Sentinel-2 and terrain, scaled. Owns: layers, factors, loaders.

Published splits. Copies without masks of validation have no `val`: there set `folds=5` for the
training and the validation loader.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import Landslide4SenseDataset, sample_list
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

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

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
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
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
