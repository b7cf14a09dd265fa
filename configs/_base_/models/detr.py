"""DETR as mmdet has it, on a ResNet-50. Owns: model, and detection_resnet.

A leaf adds data_preprocessor and the channels of the backbone.
"""

from mmengine.config import read_base

with read_base():
    from .detection_resnet import *

from mmdet.models import DETR, ChannelMapper, CrossEntropyLoss, DETRHead, GIoULoss, L1Loss
from mmdet.models.task_modules import BBoxL1Cost, ClassificationCost, HungarianAssigner, IoUCost

encoder.update(out_indices=(3,))
backbone.update(encoder=encoder)
model = dict(
    type=DETR,
    num_queries=100,
    backbone=backbone,
    neck=dict(
        type=ChannelMapper,
        in_channels=[2048],
        kernel_size=1,
        out_channels=256,
        act_cfg=None,
        norm_cfg=None,
        num_outs=1,
    ),
    encoder=dict(
        num_layers=6,
        layer_cfg=dict(
            self_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.1, batch_first=True),
            ffn_cfg=dict(embed_dims=256, feedforward_channels=2048, num_fcs=2, ffn_drop=0.1),
        ),
    ),
    decoder=dict(
        num_layers=6,
        layer_cfg=dict(
            self_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.1, batch_first=True),
            cross_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.1, batch_first=True),
            ffn_cfg=dict(embed_dims=256, feedforward_channels=2048, num_fcs=2, ffn_drop=0.1),
        ),
        return_intermediate=True,
    ),
    positional_encoding=dict(num_feats=128, normalize=True),
    bbox_head=dict(
        type=DETRHead,
        num_classes=1,
        embed_dims=256,
        loss_cls=dict(type=CrossEntropyLoss, bg_cls_weight=0.1, loss_weight=1.0, class_weight=1.0),
        loss_bbox=dict(type=L1Loss, loss_weight=5.0),
        loss_iou=dict(type=GIoULoss, loss_weight=2.0),
    ),
    train_cfg=dict(
        assigner=dict(
            type=HungarianAssigner,
            match_costs=[
                dict(type=ClassificationCost, weight=1.0),
                dict(type=BBoxL1Cost, weight=5.0, box_format='xywh'),
                dict(type=IoUCost, iou_mode='giou', weight=2.0),
            ],
        )
    ),
    test_cfg=dict(max_per_img=100),
)
