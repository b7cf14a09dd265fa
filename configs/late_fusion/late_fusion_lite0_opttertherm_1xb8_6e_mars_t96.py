"""Late fusion of logits on the Mars tiles, a decoder each, trained with parts missing.

Run: python tools/train.py configs/late_fusion/late_fusion_lite0_opttertherm_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_lite0_opttertherm_1xb8_6e_mars_t96 import *

from fusionls.models.fusion import SideBySideFusion
from fusionls.models.heads import LateFusionHead, UNetHead

decoder = dict(type=UNetHead, widths=[128, 64, 48, 32], dropout_ratio=0.1)
model['backbone'].update(fusion=dict(type=SideBySideFusion))
model.decode_head = dict(
    type=LateFusionHead,
    branches=dict(optical=widths, terrain=widths, thermal=widths),
    decoders=dict(optical=decoder, terrain=decoder, thermal=decoder),
    num_classes=2,
    loss_decode=[
        dict(type=CrossEntropyLoss, avg_non_ignore=True),
        dict(type=LandslideDiceLoss),
    ],
)
