"""The divergence of two answers: by hand, at both ends of the temperature, and where it counts."""

import pytest
import torch

from fusionls.models.losses.divergence import mean_divergence

SIZE = (2, 3, 4, 5)


def answers(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(SIZE, generator=generator), torch.randn(SIZE, generator=generator)


def everywhere():
    return torch.ones(SIZE[0], *SIZE[2:])


@pytest.mark.parametrize('temperature', [1.0, 2.5])
def test_it_is_the_definition(temperature):
    student, teacher = answers()
    p, q = (teacher / temperature).softmax(1), (student / temperature).softmax(1)
    by_hand = temperature**2 * (p * (p.log() - q.log())).sum(1).mean()
    found = mean_divergence(student, teacher, everywhere(), temperature)
    torch.testing.assert_close(found, by_hand)


def test_equal_answers_are_no_loss_and_no_gradient():
    student = answers()[0].requires_grad_()
    loss = mean_divergence(student, student.detach().clone(), everywhere(), 4.0)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(student.grad, torch.zeros(SIZE), rtol=0, atol=1e-7)


def test_its_gradient_is_that_of_hinton():
    """Eq. 2 there, times the square of the temperature: T (q - p), per pixel."""
    student, teacher = answers()
    student.requires_grad_()
    mean_divergence(student, teacher, everywhere(), 3.0).backward()
    expected = 3.0 * ((student / 3).softmax(1) - (teacher / 3).softmax(1)) / everywhere().numel()
    torch.testing.assert_close(student.grad, expected.detach())


def test_a_high_temperature_compares_logits():
    """Eq. 3 and 4 there: half the squared distance of the logits over the number of classes."""
    student, teacher = (z.double() for z in answers())
    centred = [z - z.mean(1, keepdim=True) for z in (student, teacher)]
    distance = (centred[0] - centred[1]).square().sum(1).mean() / (2 * SIZE[1])
    found = mean_divergence(student, teacher, everywhere().double(), 1e4)
    torch.testing.assert_close(found, distance, rtol=1e-3, atol=0)


def test_pixels_count_by_their_weight():
    student, teacher = answers()
    weight = everywhere()
    weight[0] = 0.0
    found = mean_divergence(student, teacher, weight)
    torch.testing.assert_close(found, mean_divergence(student[1:], teacher[1:], weight[1:]))
    assert float(mean_divergence(student, teacher, 0 * weight)) == 0.0


def test_the_teacher_learns_nothing():
    student, teacher = (z.requires_grad_() for z in answers())
    mean_divergence(student, teacher, everywhere()).backward()
    assert teacher.grad is None
    assert student.grad.abs().max() > 0
