"""What configs use of mmseg for scarce positives does what they count on."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.losses import CrossEntropyLoss, TverskyLoss
from mmseg.structures import OHEMPixelSampler, SegDataSample

from fusionls.models.heads import UNetHead


def drawn(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (2, 2, 8, 8)), rng.choice([0, 1, 255], (2, 8, 8))


@pytest.mark.parametrize('seed', range(4))
def test_tversky_with_weight_on_landslides_alone_is_the_mean_over_tiles_of_its_formula(seed):
    logits, labels = drawn(seed)
    p, y = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1])), labels == 1
    expected = []
    for i in range(2):
        mapped = labels[i] != 255
        hit = p[i][y[i]].sum()
        false, missed = p[i][mapped & ~y[i]].sum(), (1 - p[i])[y[i]].sum()
        expected.append(1 - (hit + 1) / (hit + 0.3 * false + 0.7 * missed + 1))
    loss = TverskyLoss(alpha=0.3, beta=0.7, class_weight=[0.0, 2.0])
    found = loss(torch.from_numpy(logits), torch.from_numpy(labels))
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-9)


def head_loss(logits, labels, **sampling):
    head = UNetHead(
        in_channels=[2],
        widths=[],
        num_classes=2,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
        sampler=dict(type=OHEMPixelSampler, **sampling),
    )
    samples = [SegDataSample(gt_sem_seg=PixelData(data=label[None])) for label in labels]
    return head.loss_by_feat(logits, samples)['loss_ce']


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.filterwarnings('ignore:``build_pixel_sampler``')
def test_hard_pixels_alone_teach_and_ignored_ones_are_never_hard(seed):
    logits, labels = (torch.from_numpy(part) for part in drawn(seed))
    logits.requires_grad_()
    loss = head_loss(logits, labels, thresh=0.7, min_kept=2)
    loss.backward()
    mapped = labels != 255
    q = logits.detach().softmax(1).gather(1, labels.where(mapped, 0)[:, None])[:, 0]
    hard = mapped & (q < 0.7)
    assert hard.sum() > 4  # more than are kept in any case
    assert (logits.grad.ne(0).any(1) == hard).all()
    torch.testing.assert_close(loss.detach(), -q[hard].log().sum() / mapped.sum())


@pytest.mark.filterwarnings('ignore:``build_pixel_sampler``')
def test_where_all_is_easy_the_hardest_are_kept():
    labels = torch.randint(0, 2, (2, 8, 8), generator=torch.Generator().manual_seed(0))
    margin = torch.linspace(3, 5, 128).reshape(2, 8, 8)  # the first tile is the harder one
    odds = margin * (2 * labels - 1)
    logits = torch.stack([-odds / 2, odds / 2], 1).requires_grad_()
    head_loss(logits, labels, thresh=0.7, min_kept=5).backward()
    assert logits.grad.ne(0).any(1).flatten().nonzero().flatten().tolist() == list(range(10))


@pytest.mark.filterwarnings('ignore:``build_pixel_sampler``')
def test_a_batch_that_nobody_mapped_teaches_nothing():
    logits = torch.randn(2, 2, 8, 8, requires_grad=True)
    loss = head_loss(logits, torch.full((2, 8, 8), 255), thresh=0.7, min_kept=5)
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()
