import copy

import pytest
import torch
import torch.nn.functional as F
from mmdet.structures.bbox import bbox_overlaps
from mmengine.registry import MODELS
from mmengine.structures import InstanceData

from fusionls import apis

LEAF = 'configs/yolov5/yolov5_ciou_cspdarknets_opttertherm_1xb8_6e_mars_t128.py'
SIDE = 64
SIZES = [(8, 8), (4, 4), (2, 2)]
BOX = torch.tensor([[10.0, 20.0, 35.0, 41.0]])


@pytest.fixture(scope='module')
def config():
    model = apis.load_config(LEAF).model
    return dict(model.bbox_head, train_cfg=model.train_cfg, test_cfg=model.test_cfg)


def built(config, **changes):
    torch.manual_seed(0)
    head = MODELS.build({**copy.deepcopy(config), **changes})
    head.init_weights()
    return head


def truth(boxes):
    return InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))


def maps(scale=0.3):
    torch.manual_seed(1)
    return [(scale * torch.randn(1, 18, *size)).requires_grad_() for size in SIZES]


def losses(head, raw, boxes=BOX):
    meta = {'img_shape': (SIDE, SIDE)}
    return head.loss_by_feat(raw, [truth(boxes)], [meta])


def anchors_of(head):
    return torch.cat(head.prior_generator.grid_priors(SIZES, device='cpu'))


def flat(per_level):
    """(P, 6) in the order of the anchors."""
    return torch.cat([m.permute(0, 2, 3, 1).reshape(-1, 6) for m in per_level])


def taught_anchor(head):
    """Index of the one anchor of BOX: in the cell of its centre, the one that overlaps it most."""
    anchors = anchors_of(head)
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    strides = torch.cat([torch.full((3 * h * w,), float(SIDE // h)) for h, w in SIZES])
    middle = (BOX[0, :2] + BOX[0, 2:]) / 2
    own = (
        (centres - strides[:, None] / 2 <= middle) & (middle < centres + strides[:, None] / 2)
    ).all(1)
    overlap = bbox_overlaps(anchors, BOX)[:, 0].masked_fill(~own, -1)
    return int(overlap.argmax()), float(strides[overlap.argmax()])


def test_a_head_that_predicts_the_truth_has_no_box_loss(config):
    head = built(config)
    index, stride = taught_anchor(head)
    anchor = anchors_of(head)[index]
    middle, size = (BOX[0, :2] + BOX[0, 2:]) / 2, BOX[0, 2:] - BOX[0, :2]
    cell = (middle - (anchor[:2] + anchor[2:]) / 2) / stride + 0.5
    raw = maps()
    with torch.no_grad():
        given = flat(raw)
        given[index, :2] = torch.logit(cell)
        given[index, 2:4] = torch.log(size / (anchor[2:] - anchor[:2]))
    start = 0
    perfect = []
    for height, width in SIZES:
        end = start + 3 * height * width
        perfect.append(given[start:end].reshape(1, height, width, 18).permute(0, 3, 1, 2))
        start = end
    assert losses(head, perfect)['loss_bbox'].item() == pytest.approx(0, abs=1e-5)
    assert losses(head, raw)['loss_bbox'].item() > 0.1


@pytest.mark.parametrize('overlap_targets', [True, False])
def test_objectness_learns_the_overlap_of_its_box_and_none_elsewhere(config, overlap_targets):
    head = built(config, overlap_targets=overlap_targets)
    raw = maps()
    index, stride = taught_anchor(head)
    losses(head, raw)['loss_conf'].backward()
    slope = flat([m.grad for m in raw])[:, 4]
    given = flat(raw).detach()
    anchor = anchors_of(head)[index]
    middle = (anchor[:2] + anchor[2:]) / 2 + (given[index, :2].sigmoid() - 0.5) * stride
    half = (anchor[2:] - anchor[:2]) / 2 * given[index, 2:4].exp()
    overlap = bbox_overlaps(torch.cat([middle - half, middle + half])[None], BOX)[0, 0]
    target = torch.zeros(len(slope))
    target[index] = overlap if overlap_targets else 1.0
    near = bbox_overlaps(anchors_of(head), BOX)[:, 0] > 0.5
    near[index] = False
    expected = given[:, 4].sigmoid() - target  # of binary cross entropy, by its logit
    torch.testing.assert_close(slope, expected.masked_fill(near, 0.0))


def test_varifocal_loss_weighs_ground_without_landslides_by_what_was_said_there(config):
    varifocal = dict(type='mmdet.VarifocalLoss', reduction='sum')
    head = built(config, loss_conf=varifocal)
    raw = maps()
    found = losses(head, raw, torch.zeros(0, 4))
    said = flat(raw)[:, 4].sigmoid()
    expected = (0.75 * said**2 * -torch.log(1 - said)).sum()  # eq. 2 with q = 0
    torch.testing.assert_close(found['loss_conf'], expected)


def test_a_tile_without_landslides_teaches_no_box(config):
    found = losses(built(config), maps(), torch.zeros(0, 4))
    assert found['loss_bbox'].item() == 0 == found['loss_cls'].item()
    said = flat(maps())[:, 4]
    torch.testing.assert_close(found['loss_conf'], F.softplus(said).sum())


def test_losses_are_per_box(config):
    head = built(config)
    one = losses(head, maps())
    meta = {'img_shape': (SIDE, SIDE)}
    twice = head.loss_by_feat([torch.cat([m, m]) for m in maps()], [truth(BOX)] * 2, [meta] * 2)
    for name, value in one.items():
        torch.testing.assert_close(twice[name], value)


def test_a_box_may_not_grow_without_bound(config):
    head = built(config)
    raw = [m.detach().clone().fill_(200.0).requires_grad_() for m in maps()]
    loss = losses(head, raw)['loss_bbox']
    loss.backward()
    assert all(value.isfinite().all() for value in (loss, *(m.grad for m in raw)))


@pytest.mark.parametrize(('bridge', 'kernels'), [(None, 3), ('dense', 6), ('separable', 9)])
def test_the_bridge_is_what_was_asked_for(config, bridge, kernels):
    head = built(config, bridge=bridge, out_channels=[128, 128, 128])
    assert sum(p.ndim == 4 for p in head.parameters()) == kernels
    levels = [torch.zeros(1, 128, *size) for size in SIZES]
    assert [tuple(m.shape) for m in head(levels)[0]] == [(1, 18, *size) for size in SIZES]
