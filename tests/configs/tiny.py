"""A fused model that trains within seconds on a scene made up in memory: for tests only."""

from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import CosineAnnealingLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from mmseg.models import CrossEntropyLoss, EncoderDecoder
from torch.optim import AdamW

with read_base():
    from ...configs._base_.default_runtime import *

from fusionls.datasets import sample_list
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import GatedFusion
from fusionls.models.heads import UNetHead
from fusionls.models.losses import LandslideDiceLoss
from fusionls.testing import ArraySceneDataset

layers = dict(
    optical=['optical_red', 'optical_nir'],
    terrain=['terrain_elevation', 'terrain_hillshade'],
    insar=['insar_velocity_los'],
)
factors = dict(optical=1, terrain=1, insar=4)
encoder = dict(type=TimmEncoder, name='resnet10t', channels=(8, 8, 12, 12), levels=[0, 1, 2])
coarse = dict(type=TimmEncoder, name='resnet10t', channels=(8, 8, 12, 12), levels=[0])
model = dict(
    type=EncoderDecoder,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=encoder, channels=2),
            terrain=dict(encoder=encoder, channels=2),
            insar=dict(encoder=coarse, channels=1, factor=4),
        ),
        fusion=dict(type=GatedFusion),
    ),
    decode_head=dict(
        type=UNetHead,
        in_channels=[64, 8, 8],
        widths=[8, 8],
        num_classes=2,
        dropout_ratio=0.1,
        loss_decode=[
            dict(type=CrossEntropyLoss, avg_non_ignore=True),
            dict(type=LandslideDiceLoss),
        ],
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
train_dataloader = dict(
    batch_size=3,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=ArraySceneDataset,
        layers=layers,
        factors=factors,
        tile=32,
        shape=(96, 96),
        pipeline=[
            dict(type=LoadTile, jitter=16),
            dict(type=TurnTile),
            dict(type=JitterLayers, gain=0.1, offset=dict(optical_red=2.0)),
            dict(type=DropModalities, probability=0.3),
            dict(type=PackTile),
        ],
    ),
)
test_dataset = dict(
    type=ArraySceneDataset,
    layers=layers,
    factors=factors,
    tile=32,
    shape=(96, 96),
    scene_seed=1,
    pipeline=[dict(type=LoadTile, context=16, label_context=False), dict(type=PackTile)],
)
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
    dataset=test_dataset,
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
    dataset=test_dataset,
)
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=AdamW, lr=3e-3))
param_scheduler = [dict(type=CosineAnnealingLR, by_epoch=True, T_max=3, convert_to_iter_based=True)]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=3, val_interval=10)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
averaging = dict(type=EMAHook, ema_type=ExponentialMovingAverage, momentum=0.1, update_buffers=True)
default_hooks['checkpoint'].update(interval=1, max_keep_ckpts=5)
log_level = 'ERROR'
