import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.blocks.spatial_convolution import Spatial, spatial_convolution


def built(kind, **options):
    return spatial_convolution(8, 12, kind=kind, act=None, **options)


@pytest.mark.parametrize(
    ('kind', 'weights'),
    [
        (Spatial.DENSE, 9 * 8 * 12),
        (Spatial.GROUPED, 9 * 8 * 12 // 4),
        (Spatial.SEPARABLE, 9 * 8 + 8 * 12),
    ],
)
def test_kernels_weigh_what_their_kind_says(kind, weights):
    kernels = [p for p in built(kind).parameters() if p.ndim == 4]
    assert sum(kernel.numel() for kernel in kernels) == weights


def test_a_group_reads_its_own_channels_only():
    convolution = built(Spatial.GROUPED).eval()
    x = torch.rand(1, 8, 5, 5)
    other = x.clone()
    other[:, 2:4] = 7.0  # the second of four groups
    same = (convolution(x) == convolution(other)).all((0, 2, 3))
    assert same.tolist() == [True] * 3 + [False] * 3 + [True] * 6


@pytest.mark.parametrize('kind', list(Spatial))
def test_a_step_of_two_halves_the_map(kind):
    assert built(kind, stride=2, side=5)(torch.rand(2, 8, 10, 6)).shape == (2, 12, 5, 3)


def test_groups_that_do_not_divide_are_refused():
    with pytest.raises(InputError, match='5 groups do not divide 8 channels'):
        built(Spatial.GROUPED, groups=5)


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="'dilated' is unknown; expected one of dense"):
        built('dilated')
