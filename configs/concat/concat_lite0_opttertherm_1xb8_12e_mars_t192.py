"""Concatenation of optical, terrain and thermal features on the Mars tiles, one branch each.

The gated model with another operator.
Run: python tools/train.py configs/concat/concat_lite0_opttertherm_1xb8_12e_mars_t192.py
"""

from mmengine.config import read_base

with read_base():
    from ..gated.gated_lite0_opttertherm_1xb8_12e_mars_t192 import *

from fusionls.models.fusion import ConcatFusion

model['backbone'].update(fusion=dict(type=ConcatFusion))
