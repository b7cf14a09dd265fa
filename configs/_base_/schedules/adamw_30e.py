"""30 epochs of AdamW at twice the rate: three to warm up, then cosine to zero, weights averaged.

Owns what adamw_12e owns, and changes it.
"""

from mmengine.config import read_base

with read_base():
    from .adamw_12e import *

epochs = 30
optim_wrapper['optimizer'].update(lr=2e-3)
param_scheduler[0].update(end=3)
param_scheduler[1].update(begin=3, end=epochs)
train_cfg.update(max_epochs=epochs, val_interval=epochs)
