"""Stacked channels on simulated valleys, trained with holes: a baseline.

Run: python tools/train.py \
    configs/stacked/stacked_resnet10t_optterinslid_1xb8_30e_valleyholes_t128.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_resnet10t_optterinslid_1xb8_30e_valleyholes_t128 import *

from fusionls.models.encoders import StackedEncoder

model.backbone = dict(
    type=StackedEncoder,
    channels=dict(optical=4, terrain=2, insar=2, lidar=3),
    factors=factors,
    encoder=fine,
)
