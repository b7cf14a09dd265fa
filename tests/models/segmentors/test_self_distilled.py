"""Two answers a step: both against the labels, the second against the first, none to nothing."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models import FCNHead
from mmseg.structures import SegDataSample

from fusionls.errors import InputError
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import CompensatingFusion
from fusionls.models.heads import UNetHead
from fusionls.models.segmentors import SelfDistilledSegmentor

ENCODER = dict(type=TimmEncoder, name='resnet10t', channels=(8, 8, 12, 12), levels=[0, 1])


def made(**options):
    torch.manual_seed(0)
    return SelfDistilledSegmentor(
        data_preprocessor=dict(
            type=FusionDataPreprocessor,
            layers=dict(optical=['optical_red'], insar=['insar_coherence']),
        ),
        backbone=dict(
            type=MultiBranchEncoder,
            branches=dict(
                optical=dict(encoder=ENCODER, channels=1), insar=dict(encoder=ENCODER, channels=1)
            ),
            fusion=dict(type=CompensatingFusion),
        ),
        decode_head=dict(
            type=UNetHead, in_channels=[64, 8], widths=[8], num_classes=2, dropout_ratio=0.0
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
        **options,
    )


def batch(count=6, side=32):
    torch.manual_seed(1)
    inputs = {
        name: (
            torch.randn(count, 1, side, side),
            torch.ones(count, 1, side, side, dtype=torch.bool),
        )
        for name in ('optical', 'insar')
    }
    samples = []
    for i in range(count):
        sample = SegDataSample(metainfo=dict(img_shape=(side, side), ori_shape=(side, side)))
        label = (inputs['optical'][0][i] > 0).long()
        sample.gt_sem_seg = PixelData(data=label)
        samples.append(sample)
    return inputs, samples


def test_both_answers_and_their_difference_are_losses():
    model = made()
    losses = model.loss(*batch())
    assert {'all.loss_ce', 'some.loss_ce', 'distill.loss'} <= set(losses)
    parsed, _ = model.parse_losses(losses)
    total = sum(v for k, v in losses.items() if 'loss' in k)
    torch.testing.assert_close(parsed, total)


def test_an_auxiliary_head_learns_from_both_answers():
    aux = dict(type=FCNHead, in_channels=64, channels=8, in_index=0, num_classes=2)
    model = made(auxiliary_head=aux)
    losses = model.loss(*batch())
    assert {'all.aux.loss_ce', 'some.aux.loss_ce'} <= set(losses)
    for answer in ('all', 'some'):
        model.zero_grad()
        losses[f'{answer}.aux.loss_ce'].backward(retain_graph=True)
        assert all(p.grad.abs().max() > 0 for p in model.auxiliary_head.conv_seg.parameters())


def test_every_sample_keeps_a_modality_that_it_has():
    model, (inputs, _) = made(drop=0.9), batch()
    inputs['insar'] = (inputs['insar'][0], torch.zeros_like(inputs['insar'][1]))
    for _ in range(10):
        some = model.some(inputs)
        assert some['optical'][1].all()  # the only one that is there
        assert not some['insar'][1].any()


def test_the_answer_to_all_data_learns_nothing_from_the_difference():
    model = made()
    teacher = torch.randn(2, 2, 4, 4, requires_grad=True)
    student = torch.randn(2, 2, 4, 4, requires_grad=True)
    labels = torch.zeros(2, 8, 8, dtype=torch.long)
    model._divergence(student, teacher, labels).backward()
    assert teacher.grad is None
    assert student.grad.abs().max() > 0


def test_the_difference_is_the_divergence_by_hand_and_skips_pixels_that_do_not_count():
    model = made()
    teacher, student = torch.randn(1, 2, 2, 2), torch.randn(1, 2, 2, 2)
    labels = torch.zeros(1, 2, 2, dtype=torch.long)
    labels[0, 0, 0] = 255
    p, q = teacher.softmax(1), student.softmax(1)
    by_hand = (p * (p / q).log()).sum(1)[0].flatten()[1:].mean()
    torch.testing.assert_close(model._divergence(student, teacher, labels), by_hand)
    assert float(model._divergence(teacher, teacher, labels)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize('options', [{'drop': 0.0}, {'drop': 1.0}, {'distill_weight': -1.0}])
def test_numbers_that_make_no_sense_are_refused(options):
    with pytest.raises(InputError, match='expected a probability'):
        made(**options)
