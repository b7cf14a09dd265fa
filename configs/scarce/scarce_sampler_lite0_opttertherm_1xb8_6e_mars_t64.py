"""Cross entropy on every tile with a landslide, and a stated share without.

Run: python tools/train.py configs/scarce/scarce_sampler_lite0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .scarce_crossentropy_lite0_opttertherm_1xb8_6e_mars_t64 import *

from fusionls.datasets import LandslideSampler
from fusionls.datasets.transforms import LoadTile

train_dataloader['sampler'] = dict(
    type=LandslideSampler,
    negative_share=0.2,
    hard=dict(terrain_slope=(10.0, None)),
)
# tiles are drawn for what they hold where they are: not moved far, they hold it still
train_dataloader['dataset']['pipeline'][0] = dict(type=LoadTile, jitter=16)
