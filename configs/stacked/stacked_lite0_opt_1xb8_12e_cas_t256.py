"""One encoder of true colours on CAS Landslide, whole regions held out.

Expect: not run yet.
Run: python tools/train.py configs/stacked/stacked_lite0_opt_1xb8_12e_cas_t256.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.cas_landslide import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0 import *
    from .._base_.models.unet_segmentor import *
    from .._base_.schedules.adamw_12e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import StackedEncoder

model.update(
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=StackedEncoder,
        channels=dict(optical=3),
        encoder=encoder,
        pretrained=weights,
    ),
)
model['decode_head'].update(in_channels=widths)
custom_hooks += [averaging]
