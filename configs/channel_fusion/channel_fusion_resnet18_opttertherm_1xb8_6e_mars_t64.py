"""Channel-fusion CNN: one network per modality, their channels joined at the end.

Run: python tools/train.py \
    configs/channel_fusion/channel_fusion_resnet18_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.semantic import *

from mmseg.models import CrossEntropyLoss, EncoderDecoder, FCNHead
from torch.nn import BatchNorm2d

from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import ConcatFusion

cnn = dict(type=TimmEncoder, name='resnet18', output_stride=8, levels=[4])
model = dict(
    type=EncoderDecoder,
    data_preprocessor=preprocessor,
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=cnn, channels=4),
            terrain=dict(encoder=cnn, channels=2),
            thermal=dict(encoder=cnn, channels=1),
        ),
        fusion=dict(type=ConcatFusion),
    ),
    decode_head=dict(
        type=FCNHead,
        in_channels=512,
        in_index=0,
        channels=128,
        num_convs=1,
        concat_input=False,
        num_classes=2,
        norm_cfg=dict(type=BatchNorm2d),
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
