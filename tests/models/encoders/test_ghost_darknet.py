import pytest
import torch
from torch import nn

from fusionls.errors import InputError
from fusionls.models.encoders import GhostDarknet
from fusionls.models.encoders.channels import measured_levels
from fusionls.models.levels import LevelSpec


def test_the_last_stages_are_yielded_at_their_strides():
    encoder = GhostDarknet(widths=[8, 8, 16, 24, 32], units=[1, 1, 1, 1, 1])
    assert measured_levels(encoder, 3) == [LevelSpec(16, 8), LevelSpec(24, 16), LevelSpec(32, 32)]


def test_each_stage_reads_what_attention_left_of_the_one_before():
    torch.manual_seed(0)
    encoder = GhostDarknet(widths=[8, 8, 8], units=[1, 1, 1], yielded=2).eval()
    x = torch.randn(1, 3, 32, 32)
    first, second = encoder(x)
    plain = encoder.stages[1](encoder.stages[0](encoder.stem(x)))
    torch.testing.assert_close(first, encoder.attention[0](plain))
    assert (first.abs() < plain.abs()).any()
    torch.testing.assert_close(second, encoder.attention[1](encoder.stages[2](first)))


def test_the_halving_convolutions_are_in_groups():
    encoder = GhostDarknet(widths=[8, 8], units=[1, 1], groups=2, yielded=1)
    halving = [stage[0].conv for stage in encoder.stages]
    assert all(isinstance(c, nn.Conv2d) and c.groups == 2 and c.stride == (2, 2) for c in halving)


@pytest.mark.parametrize(
    'wrong', [dict(widths=[8, 8]), dict(widths=[8], units=[1], yielded=2)], ids=['units', 'yielded']
)
def test_stages_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError, match='expected one width and one number of units per stage'):
        GhostDarknet(**wrong)
