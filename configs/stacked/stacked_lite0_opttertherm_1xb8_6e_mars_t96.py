"""Stacked channels on the Mars tiles, trained with parts missing: the baseline of the table.

Run: python tools/train.py configs/stacked/stacked_lite0_opttertherm_1xb8_6e_mars_t96.py
"""

from mmengine.config import read_base

with read_base():
    from ..compensating.compensating_lite0_opttertherm_1xb8_6e_mars_t96 import *

from fusionls.models.encoders import StackedEncoder

model.update(
    backbone=dict(
        type=StackedEncoder,
        channels=dict(optical=4, terrain=2, thermal=1),
        encoder=encoder,
        pretrained=weights,
    )
)
