"""Gates per channel (squeeze and excitation) on Mars tiles, trained with parts missing.

Run: python tools/train.py \
    configs/squeeze_excitation/squeeze_excitation_lite0_opttertherm_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_lite0_opttertherm_1xb8_6e_mars_t96 import *

from fusionls.models.fusion import SqueezeExcitationFusion

model['backbone'].update(fusion=dict(type=SqueezeExcitationFusion))
