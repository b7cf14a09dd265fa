"""Gated fusion on simulated valleys: the demo with another operator.

Run: python tools/train.py configs/gated/gated_resnet10t_optterinslid_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

from fusionls.models.fusion import GatedFusion

model['backbone'].update(fusion=dict(type=GatedFusion))
