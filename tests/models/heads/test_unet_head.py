"""The decoder joins every level, whatever their strides."""

import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.heads import UNetHead


def head(**options):
    torch.manual_seed(0)
    return UNetHead(
        **{
            'in_channels': [4, 6, 8],
            'widths': [5, 3],
            'num_classes': 2,
            'dropout_ratio': 0.0,
            **options,
        }
    ).eval()


def levels(sizes=((16, 24), (8, 12), (4, 6))):
    return tuple(torch.randn(2, c, *size) for c, size in zip((4, 6, 8), sizes, strict=True))


@pytest.mark.parametrize(
    'sizes',
    [((16, 24), (8, 12), (4, 6)), ((16, 16), (16, 16), (2, 2)), ((15, 21), (7, 10), (3, 5))],
    ids=['halves', 'uneven_strides', 'odd_sizes'],
)
def test_logits_have_the_size_of_the_finest_level(sizes):
    assert head()(levels(sizes)).shape == (2, 2, *sizes[0])


@pytest.mark.parametrize('number', [0, 1, 2])
def test_every_level_changes_the_logits(number):
    made, given = head(), levels()
    changed = [level + (i == number) for i, level in enumerate(given)]
    with torch.no_grad():
        assert not torch.equal(made(tuple(changed)), made(given))


def test_every_weight_gets_a_gradient():
    made = head().train()
    made(levels()).square().sum().backward()
    assert all(bool((p.grad != 0).any()) for p in made.parameters() if p.grad is not None)
    assert sum(p.grad is None for p in made.parameters()) == 0


def test_another_number_of_widths_is_refused():
    with pytest.raises(InputError, match=r'UNetHead with 3 levels needs 2 widths, got \[5\]'):
        head(widths=[5])


def test_steps_without_a_skip_double_the_size():
    made = head(widths=[5, 3, 2, 2])
    assert made(levels()).shape == (2, 2, 64, 96)
    assert made.channels == 2


def test_the_coarsest_level_enters_by_a_convolution():
    made, given = head(entry=7), levels()
    assert made.entry(given[-1]).shape == (2, 7, 4, 6)
    assert made(given).shape == (2, 2, 16, 24)


@pytest.mark.parametrize('way', ['TransposedUpsampling', 'FlowAlignment'])
@pytest.mark.parametrize('block', ['ConvPair', 'ResidualUnit'])
def test_any_way_up_and_any_block_decode(way, block):
    made = head(upsampling=dict(type=way), block=dict(type=block))
    assert made(levels(((15, 21), (7, 10), (3, 5)))).shape == (2, 2, 15, 21)


def test_right_half_of_a_unet_is_that_of_mmseg(small_unet):
    made = head(
        in_channels=[4, 8, 16],
        widths=[8, 4],
        upsampling=dict(type='TransposedUpsampling'),
        act_cfg=dict(type='ReLU'),
    )
    given = tuple(torch.randn(1, c, s, s) for c, s in ((4, 16), (8, 8), (16, 4)))
    expected = given[-1]
    with torch.no_grad():
        for number, decoder in enumerate(reversed(small_unet.decoder)):
            decoder.upsample = made.upsamplings[number].convolution
            theirs = decoder.conv_block.convs.state_dict()
            skip, up = theirs['0.conv.weight'].chunk(2, 1)  # they join the other way round
            made.steps[number].load_state_dict(theirs | {'0.conv.weight': torch.cat([up, skip], 1)})
            expected = decoder(given[1 - number], expected)
            torch.testing.assert_close(made.decoded(given)[number], expected)
