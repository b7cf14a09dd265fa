"""Token exchange (TokenFusion) on simulated valleys with four sensors.

Run: python tools/train.py \
    configs/token_exchange/token_exchange_resnet10t_optterinslid_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

from fusionls.models.fusion import TokenExchangeFusion

model['backbone'].update(fusion=dict(type=TokenExchangeFusion))
