"""Maps on which metrics go wrong, shared by the tests of every metric."""

from __future__ import annotations

import numpy as np
import pytest

SHAPE = (24, 31)


def _hard_cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name, probability (H, W) float64 and truth (H, W) with 255 where it does not count."""
    rng = np.random.default_rng(0)
    noise = rng.random(SHAPE)
    empty = np.zeros(SHAPE, np.uint8)
    pixel = empty.copy()
    pixel[0, 30] = 1
    touching = empty.copy()
    touching[3:9, 3:9] = 1
    touching[9:15, 9:15] = 1  # by a corner
    touching[3:9, 12:20] = 1
    blobs = rng.choice(np.array([0, 1, 255], np.uint8), SHAPE, p=[0.6, 0.3, 0.1])
    return {
        'random': (noise, blobs),
        'random, sure of itself': (np.where(noise > 0.5, 1 - 1e-9, 1e-9), blobs),
        'all ties': (np.full(SHAPE, 0.5), blobs),
        'empty tile, empty map': (noise * 0.4, empty),
        'empty tile, false alarms': (noise, empty),
        'all landslide': (noise, np.ones(SHAPE, np.uint8)),
        'all landslide and found': (0.5 + noise / 2, np.ones(SHAPE, np.uint8)),
        'one pixel': (noise, pixel),
        'one pixel and found': (np.where(pixel, 0.9, 0.1), pixel),
        'touching objects': (np.clip(touching * 0.6 + noise * 0.45, 0, 1), touching),
        'zeros and ones': ((noise > 0.5).astype(float), blobs),
        'all invalid': (noise, np.full(SHAPE, 255, np.uint8)),
        'NaN where it does not count': (np.where(blobs == 255, np.nan, noise), blobs),
    }


HARD_CASES = _hard_cases()


@pytest.fixture(params=list(HARD_CASES))
def hard_case(request) -> tuple[np.ndarray, np.ndarray]:
    """Probability and truth of one hard case."""
    return HARD_CASES[request.param]
