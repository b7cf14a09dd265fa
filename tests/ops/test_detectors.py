"""Detectors of mmdet learn one tiny scene by heart, over whichever operators are there."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmdet.utils import register_all_modules
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

SIDE = 64
CLASSES = 2
TRUTH = torch.tensor([[8.0, 8, 32, 36], [36, 30, 60, 56]])
LABELS = torch.tensor([0, 1])

PREPROCESSOR = dict(
    type='DetDataPreprocessor', mean=[127.5] * 3, std=[64.0] * 3, pad_size_divisor=32, pad_mask=True
)
RESNET18 = dict(type='ResNet', depth=18, num_stages=4, out_indices=(0, 1, 2, 3), style='pytorch')
ANCHORS = dict(type='AnchorGenerator', scales=[4], ratios=[0.5, 1, 2], strides=[4, 8, 16, 32, 64])


def box_coder(*deviations):
    return dict(type='DeltaXYWHBBoxCoder', target_means=[0.0] * 4, target_stds=list(deviations))


def assigner(positive, negative):
    return dict(
        type='MaxIoUAssigner', pos_iou_thr=positive, neg_iou_thr=negative, min_pos_iou=negative
    )


def sampler(count):
    return dict(type='RandomSampler', num=count, pos_fraction=0.5, add_gt_as_proposals=count < 64)


def align(size):
    return dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=size, sampling_ratio=0),
        out_channels=32,
        featmap_strides=[4, 8, 16, 32],
    )


def two_stage(kind, backbone, channels, **roi_head):
    head = dict(
        type='Shared2FCBBoxHead',
        in_channels=32,
        fc_out_channels=64,
        roi_feat_size=7,
        num_classes=CLASSES,
        bbox_coder=box_coder(0.1, 0.1, 0.2, 0.2),
        loss_cls=dict(type='CrossEntropyLoss'),
        loss_bbox=dict(type='L1Loss'),
    )
    proposals = dict(nms_pre=100, max_per_img=30, nms=dict(type='nms', iou_threshold=0.7))
    return dict(
        type=kind,
        data_preprocessor=PREPROCESSOR,
        backbone=backbone,
        neck=dict(type='FPN', in_channels=channels, out_channels=32, num_outs=5),
        rpn_head=dict(
            type='RPNHead',
            in_channels=32,
            feat_channels=32,
            anchor_generator=ANCHORS,
            bbox_coder=box_coder(1.0, 1.0, 1.0, 1.0),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
        ),
        roi_head=dict(
            type='StandardRoIHead', bbox_roi_extractor=align(7), bbox_head=head, **roi_head
        ),
        train_cfg=dict(
            rpn=dict(
                assigner=assigner(0.7, 0.3),
                sampler=sampler(64),
                allowed_border=-1,
                pos_weight=-1,
                debug=False,
            ),
            rpn_proposal=dict(min_bbox_size=0, **proposals),
            rcnn=dict(
                assigner=assigner(0.5, 0.5),
                sampler=sampler(32),
                mask_size=14,
                pos_weight=-1,
                debug=False,
            ),
        ),
        test_cfg=dict(
            rpn=dict(min_bbox_size=0, **proposals),
            rcnn=dict(
                score_thr=0.05,
                nms=dict(type='soft_nms', iou_threshold=0.5),
                max_per_img=10,
                mask_thr_binary=0.5,
            ),
        ),
    )


def faster_rcnn():
    return two_stage('FasterRCNN', RESNET18, [64, 128, 256, 512])


def mask_rcnn_with_deformable_backbone():
    backbone = dict(
        type='ResNet',
        depth=50,
        base_channels=8,
        out_indices=(0, 1, 2, 3),
        dcn=dict(type='DCNv2', deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    )
    mask_head = dict(
        type='FCNMaskHead',
        num_convs=1,
        in_channels=32,
        conv_out_channels=16,
        num_classes=CLASSES,
        loss_mask=dict(type='CrossEntropyLoss', use_mask=True),
    )
    return two_stage(
        'MaskRCNN', backbone, [32, 64, 128, 256], mask_roi_extractor=align(7), mask_head=mask_head
    )


def deformable_detr():
    attention = dict(embed_dims=32, num_heads=4, num_levels=3, num_points=2, batch_first=True)
    plain = dict(embed_dims=32, num_heads=4, dropout=0.0, batch_first=True)
    feed_forward = dict(embed_dims=32, feedforward_channels=64, ffn_drop=0.0)
    return dict(
        type='DeformableDETR',
        num_queries=10,
        num_feature_levels=3,
        with_box_refine=False,
        as_two_stage=False,
        data_preprocessor=PREPROCESSOR,
        backbone=dict(RESNET18, out_indices=(1, 2, 3)),
        neck=dict(
            type='ChannelMapper',
            in_channels=[128, 256, 512],
            kernel_size=1,
            out_channels=32,
            act_cfg=None,
            norm_cfg=dict(type='GN', num_groups=4),
            num_outs=3,
        ),
        encoder=dict(num_layers=1, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=feed_forward)),
        decoder=dict(
            num_layers=2,
            return_intermediate=True,
            post_norm_cfg=None,
            layer_cfg=dict(self_attn_cfg=plain, cross_attn_cfg=attention, ffn_cfg=feed_forward),
        ),
        positional_encoding=dict(num_feats=16, normalize=True, offset=-0.5),
        bbox_head=dict(
            type='DeformableDETRHead',
            embed_dims=32,
            num_classes=CLASSES,
            sync_cls_avg_factor=True,
            loss_cls=dict(type='FocalLoss', use_sigmoid=True, loss_weight=2.0),
            loss_bbox=dict(type='L1Loss', loss_weight=5.0),
            loss_iou=dict(type='GIoULoss', loss_weight=2.0),
        ),
        train_cfg=dict(
            assigner=dict(
                type='HungarianAssigner',
                match_costs=[
                    dict(type='FocalLossCost', weight=2.0),
                    dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
                    dict(type='IoUCost', iou_mode='giou', weight=2.0),
                ],
            )
        ),
        test_cfg=dict(max_per_img=10),
    )


def scene():
    """Two landslides as bright rectangles on noise, once each way round."""
    samples = []
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 60, (3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    masks = torch.zeros(len(TRUTH), SIDE, SIDE, dtype=torch.uint8)
    for index, (x1, y1, x2, y2) in enumerate(TRUTH.int().tolist()):
        masks[index, y1:y2, x1:x2] = 1
        image[index, y1:y2, x1:x2] = 255
    for turned in (False, True):
        boxes, kept = TRUTH.clone(), masks
        if turned:
            boxes[:, [0, 2]] = SIDE - TRUTH[:, [2, 0]]
            kept = masks.flip(-1)
        shape = (SIDE, SIDE)
        sample = DetDataSample(
            metainfo=dict(
                img_shape=shape,
                ori_shape=shape,
                batch_input_shape=shape,
                scale_factor=(1.0, 1.0),
                img_id=int(turned),
            )
        )
        sample.gt_instances = InstanceData(
            bboxes=boxes, labels=LABELS.clone(), masks=BitmapMasks(kept.numpy(), *shape)
        )
        samples.append((image.flip(-1) if turned else image, sample))
    images, annotations = zip(*samples, strict=True)
    return dict(inputs=list(images), data_samples=list(annotations))


@pytest.fixture
def mmdet_scope():
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.mark.parametrize(
    ('config', 'rate', 'steps'),
    [
        (faster_rcnn, 1e-3, 12),
        (mask_rcnn_with_deformable_backbone, 1e-3, 12),
        (deformable_detr, 1e-3, 20),
    ],
)
def test_a_detector_learns_a_scene_and_predicts_inside_of_it(mmdet_scope, config, rate, steps):
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(config()))
    model.init_weights()
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), rate)
    first_convolution = model.backbone.conv1.weight
    before = first_convolution.detach().clone()
    losses = []
    for _ in range(steps):
        batch = model.data_preprocessor(scene(), training=True)
        loss, _ = model.parse_losses(model(**batch, mode='loss'))
        assert loss.isfinite()
        optimizer.zero_grad()
        loss.backward()
        assert all(
            parameter.grad is None or parameter.grad.isfinite().all()
            for parameter in model.parameters()
        )
        optimizer.step()
        losses.append(loss.item())
    assert first_convolution.grad.abs().sum() > 0
    assert not torch.equal(first_convolution, before)
    assert sum(losses[-3:]) / 3 < 0.8 * losses[0], losses

    model.eval()
    with torch.no_grad():
        predictions = model(**model.data_preprocessor(scene()), mode='predict')
    assert len(predictions) == 2
    for prediction in predictions:
        found = prediction.pred_instances
        assert len(found) > 0
        assert found.bboxes.min() >= 0
        assert found.bboxes.max() <= SIDE
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert set(found.labels.tolist()) <= set(range(CLASSES))
        if 'masks' in found:
            assert found.masks.shape == (len(found), SIDE, SIDE)


def test_the_deformable_convolution_of_the_backbone_gets_gradients(mmdet_scope):
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(mask_rcnn_with_deformable_backbone()))
    model.train()
    batch = model.data_preprocessor(scene(), training=True)
    loss, _ = model.parse_losses(model(**batch, mode='loss'))
    loss.backward()
    deformable = model.backbone.layer4[0].conv2
    assert deformable.conv_offset.weight.grad.abs().sum() > 0
    assert deformable.weight.grad.abs().sum() > 0
