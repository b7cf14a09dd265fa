"""Pre-training on unlabelled Mars tiles: hidden parts of each sensor are predicted from the others.

Run: python tools/train.py \
    configs/masked_reconstruction/masked_reconstruction_lite0_opttertherm_1xb8_6e_mars_t96.py
Then train a config with the same backbone, with
    --cfg-options model.backbone.pretrained=work_dirs/.../epoch_6.pth
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.mars_mmls_v2_unlabelled import *
    from .._base_.default_runtime import *
    from .._base_.models.lite0_mars_branches import *
    from .._base_.schedules.adamw_6e import *

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder
from fusionls.models.fusion import CompensatingFusion
from fusionls.models.pretraining import MaskedReconstruction

model = dict(
    type=MaskedReconstruction,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=branches,
        fusion=dict(type=CompensatingFusion),
    ),
)
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=epochs)
val_cfg = None  # nothing to score
test_cfg = None
custom_hooks += [averaging]
