"""Concatenation on simulated valleys with four sensors, trained with holes.

Run: python tools/train.py configs/concat/concat_resnet10t_optterinslid_1xb8_30e_valleyholes_t128.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_resnet10t_optterinslid_1xb8_30e_valleyholes_t128 import *

from fusionls.models.fusion import ConcatFusion

model['backbone'].update(fusion=dict(type=ConcatFusion))
