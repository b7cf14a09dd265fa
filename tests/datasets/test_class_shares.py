"""Classes of a stack are counted over its valid pixels."""

import numpy as np
import pytest

from fusionls.datasets.class_shares import class_shares
from fusionls.errors import LayerMissingError
from fusionls.stack.store import ModalityArrays, write_stack


def test_shares_are_those_of_the_valid_pixels(tmp_path, utm_grid):
    rng = np.random.default_rng(0)
    codes = rng.choice([2, 7, 19], size=(300, 64), p=[0.5, 0.3, 0.2]).astype(np.float32)
    valid = rng.random((300, 64)) < 0.7
    stack = write_stack(
        tmp_path / 'a',
        utm_grid(600, 128),
        {
            'geology': ModalityArrays(codes[None], valid, ['geology_class'], 2),
            'terrain': ModalityArrays(
                np.zeros((1, 600, 128), np.float32), np.ones((600, 128), bool), ['terrain_slope']
            ),
        },
    )
    shares = class_shares(stack)
    assert list(shares) == ['geology_class']
    assert list(shares['geology_class']) == [2, 7, 19]
    for code, share in shares['geology_class'].items():
        assert share == pytest.approx((codes[valid] == code).mean())


def test_a_stack_without_classes_is_refused(tmp_path, utm_grid):
    flat = np.zeros((1, 8, 8), np.float32)
    stack = write_stack(
        tmp_path / 'a',
        utm_grid(8, 8),
        {'terrain': ModalityArrays(flat, flat[0] == 0, ['terrain_slope'])},
    )
    with pytest.raises(LayerMissingError, match='holds no layer of classes'):
        class_shares(stack)
