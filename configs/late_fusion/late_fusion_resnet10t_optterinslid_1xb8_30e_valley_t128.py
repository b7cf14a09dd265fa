"""Late fusion of logits on simulated valleys with four sensors, a decoder each.

Run: python tools/train.py \
    configs/late_fusion/late_fusion_resnet10t_optterinslid_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

from fusionls.models.fusion import SideBySideFusion
from fusionls.models.heads import LateFusionHead, UNetHead

fine_levels = [64, *widths]
coarse_levels = [0, 0, 64, *widths[:2]]  # a factor of 4 later
fine_decoder = dict(type=UNetHead, widths=[96, 64, 48, 32], dropout_ratio=0.1)
coarse_decoder = dict(type=UNetHead, widths=[96, 64], dropout_ratio=0.1)
model['backbone'].update(fusion=dict(type=SideBySideFusion))
model.decode_head = dict(
    type=LateFusionHead,
    branches=dict(
        optical=fine_levels, terrain=coarse_levels, insar=coarse_levels, lidar=fine_levels
    ),
    decoders=dict(
        optical=fine_decoder, terrain=coarse_decoder, insar=coarse_decoder, lidar=fine_decoder
    ),
    num_classes=2,
    loss_decode=model['decode_head']['loss_decode'],
)
