"""A folder of GeoTIFFs with polygons of landslides. Owns: layers, factors.

A pattern: copy it, and name your bands. Folds are of whole files.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import GeoTiffFolderDataset
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile

root = 'geotiff_folder'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue'],
)
factors = dict(optical=1)
bands = dict(optical=dict(optical_red=1, optical_green=2, optical_blue=3))

train_dataloader.update(
    dataset=dict(
        type=GeoTiffFolderDataset,
        root=root,
        layers=layers,
        split='train',
        bands=bands,
        tile=256,
        folds=3,
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
        type=GeoTiffFolderDataset,
        root=root,
        layers=layers,
        split='val',
        bands=bands,
        tile=256,
        folds=3,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=GeoTiffFolderDataset,
        root=root,
        layers=layers,
        split='val',
        bands=bands,
        tile=256,
        folds=3,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
