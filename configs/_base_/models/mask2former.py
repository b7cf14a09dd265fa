"""Mask2Former for instances as mmdet has it, on a ResNet-50. Owns: model, and detection_resnet.

A leaf adds data_preprocessor and the channels of the backbone. Differs from mmdet's config for
pictures of 1024 pixels: the mask losses look at 1024 points, which are all pixels of the mask of
a tile of 128 (there 12544, a fifth).
"""

from mmengine.config import read_base

with read_base():
    from .detection_resnet import *

from mmdet.models import (
    CrossEntropyLoss,
    DiceLoss,
    Mask2Former,
    Mask2FormerHead,
    MaskFormerFusionHead,
    MSDeformAttnPixelDecoder,
)
from mmdet.models.task_modules import (
    ClassificationCost,
    CrossEntropyLossCost,
    DiceCost,
    HungarianAssigner,
    MaskPseudoSampler,
)
from torch.nn import GroupNorm, ReLU

model = dict(
    type=Mask2Former,
    backbone=backbone,
    panoptic_head=dict(
        type=Mask2FormerHead,
        in_channels=[256, 512, 1024, 2048],
        strides=[4, 8, 16, 32],
        feat_channels=256,
        out_channels=256,
        num_things_classes=1,
        num_stuff_classes=0,
        num_queries=100,
        num_transformer_feat_level=3,
        pixel_decoder=dict(
            type=MSDeformAttnPixelDecoder,
            num_outs=3,
            norm_cfg=dict(type=GroupNorm, num_groups=32),
            act_cfg=dict(type=ReLU),
            encoder=dict(
                num_layers=6,
                layer_cfg=dict(
                    self_attn_cfg=dict(
                        embed_dims=256,
                        num_heads=8,
                        num_levels=3,
                        num_points=4,
                        dropout=0.0,
                        batch_first=True,
                    ),
                    ffn_cfg=dict(
                        embed_dims=256, feedforward_channels=1024, num_fcs=2, ffn_drop=0.0
                    ),
                ),
            ),
            positional_encoding=dict(num_feats=128, normalize=True),
        ),
        enforce_decoder_input_project=False,
        positional_encoding=dict(num_feats=128, normalize=True),
        transformer_decoder=dict(
            return_intermediate=True,
            num_layers=9,
            layer_cfg=dict(
                self_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.0, batch_first=True),
                cross_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.0, batch_first=True),
                ffn_cfg=dict(embed_dims=256, feedforward_channels=2048, num_fcs=2, ffn_drop=0.0),
            ),
        ),
        loss_cls=dict(
            type=CrossEntropyLoss, loss_weight=2.0, reduction='mean', class_weight=[1.0, 0.1]
        ),
        loss_mask=dict(type=CrossEntropyLoss, use_sigmoid=True, reduction='mean', loss_weight=5.0),
        loss_dice=dict(
            type=DiceLoss,
            use_sigmoid=True,
            activate=True,
            reduction='mean',
            naive_dice=True,
            eps=1.0,
            loss_weight=5.0,
        ),
    ),
    panoptic_fusion_head=dict(
        type=MaskFormerFusionHead, num_things_classes=1, num_stuff_classes=0, loss_panoptic=None
    ),
    train_cfg=dict(
        num_points=1024,
        oversample_ratio=3.0,
        importance_sample_ratio=0.75,
        assigner=dict(
            type=HungarianAssigner,
            match_costs=[
                dict(type=ClassificationCost, weight=2.0),
                dict(type=CrossEntropyLossCost, weight=5.0, use_sigmoid=True),
                dict(type=DiceCost, weight=5.0, pred_act=True, eps=1.0),
            ],
        ),
        sampler=dict(type=MaskPseudoSampler),
    ),
    test_cfg=dict(
        panoptic_on=False,
        semantic_on=False,
        instance_on=True,
        max_per_image=100,
        iou_thr=0.8,
        filter_low_score=True,
    ),
)
