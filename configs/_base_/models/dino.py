"""DINO with four levels as mmdet has it: what deformable_detr owns, and changed.

Boxes refined layer by layer, two stages, denoising queries, no dropout. Differs from mmdet's
config: 80 queries for 900, since the first stage chooses them among the pixels of the levels, of
which a tile of 64 pixels has 85; a tile has few landslides.
"""

from mmengine.config import read_base

with read_base():
    from .deformable_detr import *

from mmdet.models import DINO, DINOHead, FocalLoss, GIoULoss, L1Loss

model.update(
    type=DINO,
    num_queries=80,
    with_box_refine=True,
    as_two_stage=True,
    dn_cfg=dict(
        label_noise_scale=0.5,
        box_noise_scale=1.0,
        group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=100),
    ),
    positional_encoding=dict(num_feats=128, normalize=True, offset=0.0, temperature=20),
    test_cfg=dict(max_per_img=80),
)
model['encoder']['layer_cfg'] = dict(
    self_attn_cfg=dict(embed_dims=256, num_levels=4, dropout=0.0),
    ffn_cfg=dict(embed_dims=256, feedforward_channels=2048, ffn_drop=0.0),
)
model['decoder']['layer_cfg'] = dict(
    self_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.0),
    cross_attn_cfg=dict(embed_dims=256, num_levels=4, dropout=0.0),
    ffn_cfg=dict(embed_dims=256, feedforward_channels=2048, ffn_drop=0.0),
)
model['bbox_head'] = dict(
    type=DINOHead,
    num_classes=1,
    sync_cls_avg_factor=True,
    loss_cls=dict(type=FocalLoss, use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
    loss_bbox=dict(type=L1Loss, loss_weight=5.0),
    loss_iou=dict(type=GIoULoss, loss_weight=2.0),
)
