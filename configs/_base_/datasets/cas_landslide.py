"""CAS Landslide: true colours of nine regions, two held out. Owns: layers, factors, loaders.

Masks are checked once, by tools/datasets/prepare.py, not before each run: there are 20,865.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import CasLandslideDataset, sample_list
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

root = 'cas_landslide'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
)
factors = dict(optical=1)
held_out = dict(val=['Palu'], test=['Moxi'])

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
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
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
