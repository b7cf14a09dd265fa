"""MMLS, first release: loose tiles of Mars. Owns: layers, factors, loaders.

Published test tiles. Validation is a fold of single training tiles, which may overlap: for
scores use the second release.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import MarsMmlsDataset, sample_list
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

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

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
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
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
