"""What tests of co-registration share: images with edges, and the same displaced."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture(scope='session')
def scenery() -> Callable[..., np.ndarray]:
    """Makes fields, ridges and a road: edges of several scales."""

    def make(seed: int, size: int = 320) -> np.ndarray:
        rng = np.random.default_rng(seed)
        noise = (ndimage.gaussian_filter(rng.normal(size=(size, size)), s) * s for s in (2, 5, 12))
        image = sum(noise)
        image[:, size // 3] += 1.0
        return image + (image > 0.4)

    return make


@pytest.fixture(scope='session')
def moved() -> Callable[..., np.ndarray]:
    """Displaces an image by rows and columns, fractions included."""
    return lambda image, rows, cols: ndimage.shift(image, (rows, cols), order=3, mode='reflect')
