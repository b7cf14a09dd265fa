"""What tests of inspection share: hills, and a picture of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture(scope='session')
def ground() -> Callable[..., np.ndarray]:
    """Makes hills of 300 m, gentle enough to be ground at 10 m a pixel."""

    def make(size: int = 256) -> np.ndarray:
        rng = np.random.default_rng(0)
        noise = (ndimage.gaussian_filter(rng.normal(size=(size, size)), s) * s for s in (3, 8, 20))
        rough = sum(noise)
        return (900 + 150 * rough / np.abs(rough).max()).astype(np.float32)

    return make


@pytest.fixture(scope='session')
def picture() -> Callable[[np.ndarray], np.ndarray]:
    """Makes red, green, blue and near infrared of hills in the light, as counts."""

    def make(dem: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(7)
        north, east = np.gradient(dem, 10.0)
        light = 1 + 0.7 * (east - north)
        plants = ndimage.gaussian_filter(rng.normal(size=dem.shape), 4)
        plants = 0.5 + plants / (4 * plants.std())
        bands = [
            (0.30 - 0.2 * plants) * light,
            (0.25 - 0.1 * plants) * light + 0.02,
            (0.12 - 0.05 * plants) * light + 0.1,
            (0.15 + 0.35 * plants) * light,
        ]
        return np.clip(10_000 * np.stack(bands), 1, 20_000).astype(np.uint16)

    return make
