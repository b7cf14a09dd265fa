"""The RGB copy of Landslide4Sense, stretched to 8 bit. Owns: layers, factors.

Any folder of pictures and masks is read like this: name its bands and what its masks hold.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import PictureFolderDataset
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile

root = 'landslide4sense_rgb'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red_scaled', 'optical_green_scaled', 'optical_blue_scaled'],
)
factors = dict(optical=1)
bands = dict(
    optical=dict(optical_red_scaled=1, optical_green_scaled=2, optical_blue_scaled=3),
)
codes = {0: 0, 255: 1}  # white is a landslide

train_dataloader.update(
    dataset=dict(
        type=PictureFolderDataset,
        root=root,
        layers=layers,
        split='train',
        bands=bands,
        codes=codes,
        prefixes=('image_', 'mask_'),
        pixel=10.0,
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.15,
                offset=dict(
                    optical_red_scaled=8.0,
                    optical_green_scaled=8.0,
                    optical_blue_scaled=8.0,
                ),
            ),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=PictureFolderDataset,
        root=root,
        layers=layers,
        split='val',
        bands=bands,
        codes=codes,
        prefixes=('image_', 'mask_'),
        pixel=10.0,
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=PictureFolderDataset,
        root=root,
        layers=layers,
        split='val',
        bands=bands,
        codes=codes,
        prefixes=('image_', 'mask_'),
        pixel=10.0,
        folds=5,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
