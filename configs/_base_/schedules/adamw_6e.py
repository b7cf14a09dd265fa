"""6 epochs of AdamW: one to warm up, then cosine to zero, weights averaged.

Owns what adamw_12e owns, and changes it.
"""

from mmengine.config import read_base

with read_base():
    from .adamw_12e import *

epochs = 6
param_scheduler[0].update(end=1)
param_scheduler[1].update(begin=1, end=epochs)
train_cfg.update(max_epochs=epochs, val_interval=epochs)
