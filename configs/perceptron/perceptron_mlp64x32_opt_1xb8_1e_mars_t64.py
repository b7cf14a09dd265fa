"""Small neural network on the optical layers of single pixels.

Run: python tools/train.py configs/perceptron/perceptron_mlp64x32_opt_1xb8_1e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .perceptron_mlp64x32_opttertherm_1xb8_1e_mars_t64 import *

modalities = ['optical']
