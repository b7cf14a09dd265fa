"""Random forest on all Mars layers of single pixels.

Run: python tools/train.py
    configs/random_forest/random_forest_trees100_opttertherm_1xb8_1e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.classical import *

from fusionls.models.heads.forest_head import ForestHead

model.update(decode_head=dict(type=ForestHead, trees=100, leaves=512))
