"""12 epochs of AdamW: two to warm up, then cosine to zero, weights averaged.

Owns: epochs, optim_wrapper, param_scheduler, train_cfg, val_cfg, test_cfg, averaging.
"""

from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.optim import AdamW

epochs = 12
optim_wrapper = dict(
    type=OptimWrapper,
    optimizer=dict(type=AdamW, lr=1e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(
        type=LinearLR,
        start_factor=0.04,
        by_epoch=True,
        begin=0,
        end=epochs // 6,
        convert_to_iter_based=True,
    ),
    dict(
        type=CosineAnnealingLR,
        by_epoch=True,
        begin=epochs // 6,
        end=epochs,
        eta_min=0.0,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=epochs, val_interval=6)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
averaging = dict(
    type=EMAHook,
    ema_type=ExponentialMovingAverage,
    momentum=0.01,
    update_buffers=True,
)
