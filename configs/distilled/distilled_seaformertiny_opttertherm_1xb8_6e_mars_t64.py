"""SeaFormer-T taught by the default fusion of three Lite0 branches, on all Mars layers.

The teacher is trained first; model.teacher is its config's model.
Run: python tools/train.py \
    configs/compensating/compensating_lite0_opttertherm_1xb8_6e_mars_t96.py
and then: python tools/train.py \
    configs/distilled/distilled_seaformertiny_opttertherm_1xb8_6e_mars_t64.py \
    --cfg-options model.checkpoint=work_dirs/<its run>/epoch_6.pth
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.lite0_mars_branches import *
    from ..seaformer.seaformer_tiny_opttertherm_1xb8_6e_mars_t64 import *

from fusionls.models.encoders import MultiBranchEncoder
from fusionls.models.fusion import CompensatingFusion
from fusionls.models.heads import UNetHead
from fusionls.models.losses import LandslideDiceLoss
from fusionls.models.segmentors import DistilledSegmentor

model.update(
    type=DistilledSegmentor,
    teacher=dict(
        type=EncoderDecoder,
        data_preprocessor=preprocessor,
        backbone=dict(
            type=MultiBranchEncoder,
            branches=branches,
            fusion=dict(type=CompensatingFusion),
        ),
        decode_head=dict(
            type=UNetHead,
            in_channels=widths,
            widths=[128, 64, 48, 32],
            num_classes=2,
            dropout_ratio=0.1,
            loss_decode=[
                dict(type=CrossEntropyLoss, avg_non_ignore=True),
                dict(type=LandslideDiceLoss),
            ],
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    ),
    checkpoint=None,
    temperature=4.0,
)
