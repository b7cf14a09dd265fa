"""A ResNet-18 screens tiles, FCN with ResNet-50 maps the candidates; all Mars layers, stacked.

Run: python tools/train.py
    configs/two_stage/two_stage_resnet18fcn50_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from ..fcn.fcn_resnet50_opttertherm_1xb8_6e_mars_t64 import *

from mmpretrain.models import GlobalAveragePooling, ImageClassifier, LinearClsHead, ResNet
from mmpretrain.models import CrossEntropyLoss as ClassEntropyLoss

from fusionls.evaluation.metrics import LandslideMetric, ScreeningMetric
from fusionls.models.encoders import StackedEncoder
from fusionls.models.segmentors import ScreenedSegmentor

model.update(
    type=ScreenedSegmentor,
    screen=dict(
        type=ImageClassifier,
        backbone=dict(type=StackedEncoder, channels=channels, encoder=dict(type=ResNet, depth=18)),
        neck=dict(type=GlobalAveragePooling),
        head=dict(
            type=LinearClsHead, in_channels=512, num_classes=2, loss=dict(type=ClassEntropyLoss)
        ),
    ),
)
val_evaluator = [dict(type=LandslideMetric), dict(type=ScreeningMetric)]
test_evaluator = [dict(type=LandslideMetric), dict(type=ScreeningMetric)]
