"""Three parts of one's own on a scene that is made up in memory; no data is needed.

Run: PYTHONPATH=examples/plugin python tools/train.py \
    examples/plugin/agreement_depthwise_optterins_1xb4_6e_madeup_t64.py
"""

from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmseg.models import CrossEntropyLoss, EncoderDecoder

with read_base():
    from ...configs._base_.default_runtime import *
    from ...configs._base_.schedules.adamw_6e import *

from fusionls.datasets import sample_list
from fusionls.datasets.transforms import DropModalities, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder
from fusionls.testing import ArraySceneDataset

custom_imports = dict(imports=['landslide_parts'])  # on PYTHONPATH; its parts are named below

layers = dict(
    optical=['optical_red', 'optical_nir'],
    terrain=['terrain_elevation', 'terrain_slope'],
    insar=['insar_velocity_los'],
)
factors = dict(optical=1, terrain=1, insar=4)
widths = [16, 24, 32]
model = dict(
    type=EncoderDecoder,
    data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors),
    backbone=dict(
        type=MultiBranchEncoder,
        branches=dict(
            optical=dict(encoder=dict(type='DepthwisePyramid', widths=widths), channels=2),
            terrain=dict(encoder=dict(type='DepthwisePyramid', widths=widths), channels=2),
            # a pixel of InSAR is four of the others: its one level has stride 8
            insar=dict(encoder=dict(type='DepthwisePyramid', widths=[32]), channels=1, factor=4),
        ),
        fusion=dict(type='AgreementFusion'),
    ),
    decode_head=dict(
        type='TwoScaleHead',
        in_channels=widths,
        channels=32,
        num_classes=2,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=ArraySceneDataset,
        layers=layers,
        factors=factors,
        tile=64,
        step=32,
        shape=(256, 256),
        pipeline=[
            dict(type=LoadTile, jitter=16),
            dict(type=TurnTile),
            dict(type=DropModalities, probability=0.1),
            dict(type=PackTile),
        ],
    ),
)
test_dataset = dict(
    type=ArraySceneDataset,
    layers=layers,
    factors=factors,
    tile=64,
    shape=(256, 256),
    scene_seed=1,
    pipeline=[dict(type=LoadTile), dict(type=PackTile)],
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
