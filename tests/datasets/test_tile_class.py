"""A tile is a landslide tile from a stated share of its labelled pixels on."""

import numpy as np
import pytest

from fusionls.datasets.tile_class import NO_CLASS, tile_class
from fusionls.errors import InputError


def labels(landslide, none, unmapped=0):
    return np.repeat([1, 0, 255], [landslide, none, unmapped]).astype(np.uint8)[None]


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        (labels(5, 95), 1),  # the share itself is enough
        (labels(4, 96), 0),
        (labels(0, 100), 0),
        (labels(100, 0), 1),
        (labels(4, 76, unmapped=20), 1),  # of what is labelled, not of all
        (labels(0, 0, unmapped=100), NO_CLASS),
    ],
)
def test_the_class_is_that_of_the_share_of_labelled_pixels(given, expected):
    assert tile_class(given, 0.05) == expected


@pytest.mark.parametrize('share', [0.0, -0.1, 1.5])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(InputError, match='expected a share above 0'):
        tile_class(labels(1, 1), share)
