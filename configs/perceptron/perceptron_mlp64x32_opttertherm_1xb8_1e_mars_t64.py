"""Small neural network on all Mars layers of single pixels.

Run: python tools/train.py configs/perceptron/perceptron_mlp64x32_opttertherm_1xb8_1e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.classical import *

from fusionls.models.heads.perceptron_head import PerceptronHead

model.update(decode_head=dict(type=PerceptronHead, widths=[64, 32]))
