"""Bijie: pictures and scaled elevation of differing sizes. Owns: layers, factors, loaders.

Tiles of 256 pixels are cut out of larger pictures, smaller ones are padded. The set has no
published split: these are the customary folds of single tiles, scores from which are too good;
`held_out` leaves counties out.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import BijieDataset, sample_list
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

root = 'bijie'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
    terrain=['terrain_elevation_scaled'],
)
factors = dict(optical=1, terrain=1)

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
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
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
