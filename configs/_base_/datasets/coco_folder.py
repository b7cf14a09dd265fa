"""Pictures with COCO annotations. Owns: layers, factors.

A pattern: copy it, and name your bands and files.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import CocoFolderDataset
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile

root = 'coco_folder'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
)
factors = dict(optical=1)
bands = dict(optical=dict(optical_red=1, optical_green=2, optical_blue=3))

train_dataloader.update(
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
val_dataloader.update(
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
test_dataloader.update(
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
