"""The self-query hub of CMNeXt on simulated valleys with four sensors.

Run: python tools/train.py configs/hub/hub_resnet10t_optterinslid_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

from fusionls.models.fusion import HubFusion

model['backbone'].update(fusion=dict(type=HubFusion))
