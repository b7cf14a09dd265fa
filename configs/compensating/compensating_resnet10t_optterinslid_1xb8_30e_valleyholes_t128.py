"""The default operator on simulated valleys, trained with holes: for scenes that have many.

Run: python tools/train.py \
    configs/compensating/compensating_resnet10t_optterinslid_1xb8_30e_valleyholes_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .compensating_resnet10t_optterinslid_1xb8_30e_valley_t128 import *

from fusionls.datasets.transforms import DropBlocks, DropPixels, PackTile

train_dataloader['dataset']['pipeline'][-1:] = [
    dict(type=DropBlocks, probability=0.2),
    dict(type=DropPixels, probability=0.2, share=(0.2, 0.7)),
    dict(type=PackTile),
]
