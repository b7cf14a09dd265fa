"""The focal loss against its formula, its gradient, and cross entropy."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from fusionls.errors import InputError
from fusionls.models.losses import LandslideFocalLoss

odds_ratios = st.floats(-8, 8)
gammas = st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0])


def one_pixel(x, landslide):
    logits = torch.tensor([0.3, 0.3 + x], dtype=torch.float64).reshape(1, 2, 1, 1)
    return logits.requires_grad_(), torch.tensor([[[int(landslide)]]])


@given(x=odds_ratios, gamma=gammas, alpha=st.floats(0.05, 0.95), landslide=st.booleans())
def test_a_pixel_has_the_value_and_gradient_of_the_paper(x, gamma, alpha, landslide):
    logits, label = one_pixel(x, landslide)
    loss = LandslideFocalLoss(gamma=gamma, alpha=alpha)(logits, label)
    loss.backward()
    sign = 1 if landslide else -1
    q, a = 1 / (1 + math.exp(-sign * x)), alpha if landslide else 1 - alpha
    value = -a * (1 - q) ** gamma * math.log(q)
    assert float(loss.detach()) == pytest.approx(value, rel=1e-6, abs=1e-12)
    # Lin et al. 2017, appendix B: y (1 - q)^g (g q log q + q - 1)
    slope = a * sign * (1 - q) ** gamma * (gamma * q * math.log(q) + q - 1)
    assert float(logits.grad[0, 1]) == pytest.approx(slope, rel=1e-6, abs=1e-12)
    assert float(logits.grad[0, 0]) == pytest.approx(-slope, rel=1e-6, abs=1e-12)


def test_without_focus_it_is_half_the_cross_entropy_over_mapped_pixels():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 2, 5, 5), torch.randint(0, 2, (2, 5, 5))
    labels[:, :2] = 255
    found = LandslideFocalLoss(gamma=0.0, alpha=0.5)(logits, labels)
    torch.testing.assert_close(found, 0.5 * F.cross_entropy(logits, labels, ignore_index=255))


def test_values_that_make_no_sense_are_refused_together():
    with pytest.raises(InputError, match='gamma is -1') as caught:
        LandslideFocalLoss(gamma=-1, alpha=1.0)
    assert 'alpha is 1.0; expected between 0 and 1' in str(caught.value)
