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
    from .._base_.models.seaformer_tiny import *
    from .._base_.models.unet_segmentor import *
    from .._base_.zoo.semantic import *

from fusionls.models.encoders import MultiBranchEncoder, StackedEncoder
from fusionls.models.fusion import CompensatingFusion
from fusionls.models.segmentors import DistilledSegmentor

teacher = model
teacher.update(
    data_preprocessor=preprocessor,
    backbone=dict(type=MultiBranchEncoder, branches=branches, fusion=dict(type=CompensatingFusion)),
)
teacher['decode_head'].update(in_channels=widths)
model = dict(
    type=DistilledSegmentor,
    data_preprocessor=preprocessor,
    backbone=dict(type=StackedEncoder, channels=channels, encoder=seaformer),
    decode_head=light_head,
    teacher=teacher,
    checkpoint=None,
    temperature=4.0,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
