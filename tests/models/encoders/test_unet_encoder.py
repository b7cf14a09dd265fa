"""The left half of a U-Net is that of mmseg, and its levels halve."""

import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.encoders import UNetEncoder
from fusionls.models.encoders.staged import stages_of


def test_levels_are_those_that_mmsegs_unet_decodes(small_unet):
    encoder = UNetEncoder(widths=[4, 8, 16]).eval()
    theirs = {k: v for k, v in small_unet.state_dict().items() if k.startswith('encoder.')}
    encoder.load_state_dict(dict(zip(encoder.state_dict(), theirs.values(), strict=True)))
    x = torch.randn(1, 3, 16, 24)
    expected = x
    for level, step in zip(encoder(x), small_unet.encoder, strict=True):
        expected = step(expected)
        assert torch.equal(level, expected)


@pytest.mark.parametrize(
    ('options', 'sizes'),
    [
        (dict(), [(21, 13), (10, 6), (5, 3)]),
        (dict(blocks=dict(type='ResidualUnit'), pooled=False), [(21, 13), (11, 7), (6, 4)]),
    ],
    ids=['pooled', 'strided'],
)
def test_levels_halve_whatever_the_size(options, sizes):
    encoder = UNetEncoder(widths=[4, 6, 8], **options)
    levels = encoder(torch.randn(2, 3, 21, 13))
    assert [level.shape for level in levels] == [
        (2, width, *size) for width, size in zip([4, 6, 8], sizes, strict=True)
    ]


def test_it_is_a_chain_of_its_stages():
    encoder = UNetEncoder(widths=[4, 6, 8]).eval()
    x = torch.randn(1, 3, 16, 16)
    expected = encoder(x)
    for stage, level in zip(stages_of(encoder), expected, strict=True):
        x = stage(x)
        assert torch.equal(x, level)


def test_another_number_of_blocks_is_refused():
    with pytest.raises(InputError, match='2 blocks for 3 widths; give one for all or one per'):
        UNetEncoder(widths=[4, 6, 8], blocks=[dict(type='ConvPair')] * 2)
