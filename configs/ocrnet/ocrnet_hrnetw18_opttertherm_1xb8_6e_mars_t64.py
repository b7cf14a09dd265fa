"""HRNet-W18 with object-contextual representations on all Mars layers, stacked.

Run: python tools/train.py configs/ocrnet/ocrnet_hrnetw18_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CascadeEncoderDecoder, CrossEntropyLoss, FCNHead, HRNet, OCRHead
from torch.nn import BatchNorm2d

from fusionls.models.encoders import StackedEncoder

norm = dict(type=BatchNorm2d)
widths = [18, 36, 72, 144]
model = dict(
    type=CascadeEncoderDecoder,
    num_stages=2,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=StackedEncoder,
        channels=channels,
        encoder=dict(
            type=HRNet,
            norm_cfg=norm,
            extra=dict(
                stage1=dict(
                    num_modules=1,
                    num_branches=1,
                    block='BOTTLENECK',
                    num_blocks=(4,),
                    num_channels=(64,),
                ),
                stage2=dict(
                    num_modules=1,
                    num_branches=2,
                    block='BASIC',
                    num_blocks=(4, 4),
                    num_channels=(18, 36),
                ),
                stage3=dict(
                    num_modules=4,
                    num_branches=3,
                    block='BASIC',
                    num_blocks=(4, 4, 4),
                    num_channels=(18, 36, 72),
                ),
                stage4=dict(
                    num_modules=3,
                    num_branches=4,
                    block='BASIC',
                    num_blocks=(4, 4, 4, 4),
                    num_channels=(18, 36, 72, 144),
                ),
            ),
        ),
    ),
    decode_head=[
        dict(
            type=FCNHead,
            in_channels=widths,
            in_index=(0, 1, 2, 3),
            input_transform='resize_concat',
            channels=270,
            kernel_size=1,
            num_convs=1,
            concat_input=False,
            dropout_ratio=-1,
            num_classes=2,
            norm_cfg=norm,
            loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True, loss_weight=0.4),
        ),
        dict(
            type=OCRHead,
            in_channels=widths,
            in_index=(0, 1, 2, 3),
            input_transform='resize_concat',
            channels=512,
            ocr_channels=256,
            dropout_ratio=-1,
            num_classes=2,
            norm_cfg=norm,
            loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
        ),
    ],
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
