"""DeepLabV3+ over an encoder of stride 8, two classes.

Owns what auxiliary_segmentor owns, and changes it. A leaf adds data_preprocessor and backbone; the
heads are for a ResNet-50 as they stand. Dilations are about a fifth, two fifths and three fifths of
the 8 x 8 features that a training tile of 64 pixels has, as 12, 24 and 36 are of 64 x 64.
"""

from mmengine.config import read_base

with read_base():
    from .auxiliary_segmentor import *

from mmseg.models import CrossEntropyLoss, DepthwiseSeparableASPPHead

model.update(
    decode_head=dict(
        type=DepthwiseSeparableASPPHead,
        in_channels=2048,
        in_index=-1,
        channels=512,
        dilations=(1, 2, 3, 5),
        c1_in_channels=256,
        c1_channels=48,
        num_classes=2,
        norm_cfg=norm,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    )
)
