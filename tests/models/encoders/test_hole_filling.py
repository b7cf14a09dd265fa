"""Holes take what is around them: constants and planes by closed form, and nothing invalid."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.models.encoders.hole_filling import filled


def holes(seed=0, share=0.5, size=(2, 1, 37, 41)):
    return torch.rand(size, generator=torch.Generator().manual_seed(seed)) >= share


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99),
    rows=st.integers(1, 40),
    cols=st.integers(1, 40),
    noise=st.sampled_from([float('nan'), float('inf'), -1e30]),
)
def test_valid_pixels_stay_and_invalid_ones_are_not_looked_at(seed, rows, cols, noise):
    torch.manual_seed(seed)
    values, valid = torch.randn(2, 3, rows, cols), torch.rand(2, 1, rows, cols) < 0.4
    found = filled(values, valid)
    assert torch.equal(found.masked_fill(~valid, 0), values.masked_fill(~valid, 0))
    assert torch.equal(found, filled(values.masked_fill(~valid, noise), valid))
    assert found.isfinite().all()
    assert found.abs().max() <= values.abs().max()  # averages, never beyond what is there


def test_a_constant_comes_back_everywhere_within_reach():
    found = filled(torch.full((2, 1, 37, 41), 2.5), holes())
    torch.testing.assert_close(found, torch.full_like(found, 2.5))


def test_half_the_pixels_of_a_smooth_surface_come_back_nearly():
    y, x = torch.meshgrid(torch.linspace(0, 3, 64), torch.linspace(0, 3, 64), indexing='ij')
    surface = (x.sin() * y.cos())[None, None]
    valid = holes(size=(1, 1, 64, 64))
    error = (filled(surface, valid) - surface).abs()[~valid]
    zeros = surface.abs()[~valid]
    assert error.mean() < 0.05 * zeros.mean()


def test_beyond_reach_a_hole_stays_at_the_mean():
    valid = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    valid[..., :8] = True
    found = filled(torch.ones(1, 1, 64, 64), valid, reach=8)
    assert (found[..., :8] == 1).all()
    assert (found[..., 8:16] <= 1).all()
    assert (found[..., 16:] == 0).all()


@pytest.mark.parametrize('reach', [1])
def test_a_reach_of_one_fills_nothing(reach):
    valid = holes()
    values = torch.randn(2, 1, 37, 41)
    assert torch.equal(filled(values, valid, reach), values.masked_fill(~valid, 0))
