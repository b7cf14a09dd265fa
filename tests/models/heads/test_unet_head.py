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
