"""SeaFormer weighs what its paper says, and one formula of its parts to the last parameter."""

import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.encoders import SeaFormer
from fusionls.models.encoders.seaformer import VARIANTS
from fusionls.models.heads import SeaFormerHead

HEAD = {'tiny': [64, 96], 'small': [96, 128], 'base': [128, 160]}
every_variant = pytest.mark.parametrize('variant', VARIANTS)


def made(variant, classes=150):
    widths = VARIANTS[variant].widths
    head = SeaFormerHead(
        in_channels=[widths[1], *widths[3:]], widths=HEAD[variant], num_classes=classes
    )
    return SeaFormer(variant=variant), head


def weight(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


@every_variant
def test_it_weighs_what_the_paper_says_with_the_classes_of_ade20k(variant):
    """1.7, 4.0 and 8.6 M, head included (the authors' repository)."""
    published = {'tiny': 1.7, 'small': 4.0, 'base': 8.6}
    assert round(weight(*made(variant)) / 1e6, 1) == published[variant]


def conv(read, make, kernel=1, groups=1):
    """Parameters of a convolution with batch norm."""
    return read * make * kernel**2 // groups + 2 * make


def residual(read, make, kernel, expansion):
    hidden = read * expansion
    grown = conv(read, hidden) if expansion > 1 else 0
    return grown + conv(hidden, hidden, kernel, hidden) + conv(hidden, make)


def attention_block(width, heads, keys, mlp):
    q, v = heads * keys, 2 * heads * keys
    lines = 2 * (conv(v, v) + 2 * 16 * q)
    detail = conv(2 * q + v, 2 * q + v, 3, 2 * q + v) + conv(2 * q + v, width)
    attention = 2 * conv(width, q) + conv(width, v) + lines + conv(v, width) + detail
    hidden = mlp * width
    return attention + conv(width, hidden) + 10 * hidden + conv(hidden, width)


@pytest.mark.parametrize(
    ('variant', 'widths', 'expansion', 'depth', 'heads'),
    [
        ('tiny', (16, 32, 64, 128, 160), 3, 2, 4),
        ('small', (24, 48, 96, 160, 192), 4, 3, 6),
        ('base', (32, 64, 128, 192, 256), 4, 4, 8),
    ],
)
def test_it_weighs_the_sum_of_its_parts(variant, widths, expansion, depth, heads):
    a, b, c, d, e = widths
    expected = conv(3, 16, 3) + residual(16, 16, 3, 1)
    expected += residual(16, a, 3, 4) + residual(a, a, 3, 3)
    expected += residual(a, b, 5, 3) + residual(b, b, 5, 3)
    expected += residual(b, c, 3, 3) + residual(c, c, 3, 3)
    expected += residual(c, d, 5, expansion) + depth * attention_block(d, heads, 16, 2)
    expected += residual(d, e, 3, 6) + depth * attention_block(e, heads, 24, 4)
    encoder, head = made(variant)
    assert weight(encoder) == expected
    one, two = HEAD[variant]
    gates = conv(b, one) + conv(d, one) + conv(one, two) + conv(e, two)
    assert weight(head) == gates + conv(two, two, 1, two) + two * 150 + 150


@every_variant
@pytest.mark.parametrize('size', [(64, 128), (96, 160)])
def test_levels_lie_at_strides_8_32_and_64(variant, size):
    encoder, head = made(variant, classes=2)
    levels = encoder.eval()(torch.zeros(1, 3, *size))
    rounded_up = [tuple(-(-side // stride) for side in size) for stride in (8, 32, 64)]
    assert [tuple(level.shape[2:]) for level in levels] == rounded_up
    assert head.eval()(levels).shape == (1, 2, *rounded_up[0])


def test_every_pixel_hears_the_whole_picture():
    torch.manual_seed(0)
    encoder = SeaFormer(variant='tiny').eval().double()  # untrained, it says the rest softly
    x = torch.randn(1, 3, 512, 512, dtype=torch.float64)
    changed = x.clone()
    changed[:, :, -32:, -32:] += 1
    with torch.no_grad():
        fine, context, _ = encoder(x)
        other, heard, _ = encoder(changed)
    assert torch.equal(fine[..., :16, :16], other[..., :16, :16])
    assert bool((context[0, :, 0, 0] != heard[0, :, 0, 0]).any())


def test_an_unknown_variant_is_refused_by_name():
    with pytest.raises(InputError, match="SeaFormer 'tinny': did you mean tiny"):
        SeaFormer(variant='tinny')
