"""Features of timm models: those that were asked for, and nothing that is run for none of them."""

import pytest
import torch

from fusionls.models.encoders import TimmEncoder

NAMES = ('resnet10t', 'tf_efficientnet_lite0', 'mobilenetv3_small_100')


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('levels', [[0], [0, 1], [1, 2], None])
def test_every_parameter_serves_a_level_that_is_yielded(name, levels):
    encoder = TimmEncoder(name=name, levels=levels)
    features = encoder(torch.randn(2, 3, 64, 64))
    assert len(features) == (5 if levels is None else len(levels))
    sum(feature.square().sum() for feature in features).backward()
    idle = [n for n, p in encoder.named_parameters() if p.grad is None]
    assert not idle


@pytest.mark.parametrize('name', NAMES)
def test_fewer_levels_are_those_of_all(name):
    torch.manual_seed(0)
    few = TimmEncoder(name=name, levels=[0, 1]).eval()
    every = TimmEncoder(name=name).eval()
    every.load_state_dict(few.state_dict(), strict=False)
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        for a, b in zip(few(x), every(x), strict=False):
            torch.testing.assert_close(a, b)
