"""Pictures with COCO annotations. Owns: layers, factors, loaders.

A pattern: copy it, and name your bands and files.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import CocoFolderDataset, sample_list
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

root = 'coco_folder'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
)
factors = dict(optical=1)
bands = dict(optical=dict(optical_red=1, optical_green=2, optical_blue=3))

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=CocoFolderDataset,
        root=root,
        layers=layers,
        split='train',
        bands=bands,
        annotations='annotations.json',
        tile=128,
        folds=4,
        pipeline=[
            dict(type=LoadTile),
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
        type=CocoFolderDataset,
        root=root,
        layers=layers,
        split='val',
        bands=bands,
        annotations='annotations.json',
        tile=128,
        folds=4,
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
        type=CocoFolderDataset,
        root=root,
        layers=layers,
        split='val',
        bands=bands,
        annotations='annotations.json',
        tile=128,
        folds=4,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
