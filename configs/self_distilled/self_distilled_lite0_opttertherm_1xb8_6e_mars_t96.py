"""The default operator, taught by its own answer to the full data: two answers a step.

A step costs twice as much as one of the other rows of the table.
Run: python tools/train.py \
    configs/self_distilled/self_distilled_lite0_opttertherm_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_lite0_opttertherm_1xb8_6e_mars_t96 import *

from fusionls.models.segmentors import SelfDistilledSegmentor

model.update(type=SelfDistilledSegmentor, drop=0.4)
train_dataloader['dataset'].pipeline = [  # whole modalities are hidden by the model
    dict(type=LoadTile, jitter=64),
    dict(type=TurnTile),
    jitter,
    dict(type=DropBlocks, probability=0.2),
    dict(type=DropPixels, probability=0.2, share=(0.2, 0.7)),
    dict(type=PackTile),
]
