"""The default operator on simulated valleys, trained with holes: for scenes that have many.

Run: python tools/train.py \
    configs/compensating/compensating_resnet10t_optterinslid_1xb8_30e_valleyholes_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.holes import *
    from .compensating_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

train_dataloader['dataset']['pipeline'][-1:-1] = holes
