"""What every classifier of single pixels shares: Mars tiles, one fit, hooks, model.

Owns what it reads, and model. A leaf adds the decode head. Tiles are neither turned nor jittered:
a single pixel has no shape to turn, and is seen once.
"""

from mmengine.config import read_base

with read_base():
    from ..datasets.mars_mmls_v2_t64 import *
    from ..default_runtime import *
    from ..schedules.fit_pixels_1e import *

from fusionls.datasets.transforms import DropModalities, LoadTile, PackTile
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders.pixel_features import PixelFeatures
from fusionls.models.segmentors.pixel_classifier import PixelClassifier

train_dataloader['dataset'].update(
    tile=64,
    step=64,  # every pixel of the training ground can be drawn
    pipeline=[
        dict(type=LoadTile),
        dict(type=DropModalities, probability=0.1),
        dict(type=PackTile),
    ],
)
model = dict(
    type=PixelClassifier,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(type=PixelFeatures, channels=channels),
    pixels_per_tile=64,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
