"""An evaluation of made-up maps, as the tests of reports, comparisons and pictures need it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from fusionls.evaluation.functional.map_sums import Rules, map_sums
from fusionls.evaluation.tally import Tally

RULES = Rules(least_pixels=4, size_edges=(100.0, 1000.0))


def made_up_tally(skill: float, *, tiles: int = 24, seed: int = 0, labels_only: bool = False):
    """The tally of maps of blobs; ``skill`` 0 is noise, 1 and more is nearly right."""
    rng = np.random.default_rng(seed)
    whole = Tally()
    for number in range(tiles):
        field = ndimage.gaussian_filter(rng.normal(size=(40, 44)), 3)
        truth = (field > 0.1).astype(np.uint8)
        truth[:3] = 255
        noise = rng.normal(size=truth.shape)
        probability = 1 / (1 + np.exp(-(2 * skill * (2.0 * (truth == 1) - 1) + noise - 0.5)))
        given = {'predicted': probability >= 0.5} if labels_only else {'probability': probability}
        steep = np.indices(truth.shape)[1] > 20
        counted = map_sums(
            truth,
            rules=RULES,
            pixel_area=4.0,
            strata=[('steep', steep), ('flat', ~steep)],
            **given,
        )
        whole += Tally.of_tile(f'block {number}', counted)
    return whole


@pytest.fixture(scope='session')
def tally() -> Tally:
    """A tally of 24 tiles in as many blocks."""
    return made_up_tally(0.8)


@pytest.fixture(scope='session')
def make_tally() -> Callable[..., Tally]:
    """Makes tallies of another skill or seed."""
    return made_up_tally
