from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from fusionls.evaluation.functional.size_frequency import power_law, size_histogram


def drawn(slope, least, count, seed=0):
    """Areas of a power law by turning its distribution function round."""
    uniform = np.random.default_rng(seed).random(count)
    return least * (1 - uniform) ** (-1 / (slope - 1))


def slow_fit(areas, least):
    """Slope and distance, landslide by landslide."""
    tail = sorted(a for a in areas if a >= least)
    slope = 1 + len(tail) / sum(math.log(a / least) for a in tail)
    steps = []
    for area in set(tail):
        law = 1 - (area / least) ** (1 - slope)
        steps.append(abs(law - sum(a < area for a in tail) / len(tail)))
        steps.append(abs(law - sum(a <= area for a in tail) / len(tail)))
    return slope, max(steps), len(tail)


@pytest.mark.parametrize('slope', [1.6, 2.3, 3.0])
def test_the_slope_areas_were_drawn_with_is_found_within_its_error(slope):
    fit = power_law(Counter(drawn(slope, 500.0, 4000)), least_area=500.0)
    assert abs(fit.slope - slope) < 3 * fit.standard_error
    assert fit.standard_error == pytest.approx((fit.slope - 1) / math.sqrt(4000))
    assert fit.in_tail == 4000
    assert fit.distance < 0.03


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_the_fit_is_the_definition_landslide_by_landslide(seed):
    areas = np.ceil(drawn(2.2, 20.0, 120, seed))  # whole pixels, with ties
    fits = {least: slow_fit(areas, least) for least in sorted(set(areas))[:-1]}
    enough = {least: fit for least, fit in fits.items() if fit[2] >= 10}
    least = min(enough, key=lambda k: enough[k][1])
    found = power_law(Counter(areas))
    assert found.least_area == least
    assert found.slope == pytest.approx(enough[least][0], abs=1e-9)
    assert found.distance == pytest.approx(enough[least][1], abs=1e-9)
    assert found.in_tail == enough[least][2]


def test_small_landslides_off_the_law_are_left_out_of_the_tail():
    rng = np.random.default_rng(3)
    areas = np.concatenate([rng.uniform(50, 1000, 3000), drawn(2.4, 1000.0, 3000)])
    fit = power_law(Counter(areas))
    assert 800 < fit.least_area < 1600
    assert fit.slope == pytest.approx(2.4, abs=0.12)


def test_the_unit_of_areas_changes_the_least_area_only():
    areas = drawn(2.3, 30.0, 200)
    pixels, metres = power_law(Counter(areas)), power_law(Counter(areas * 64))
    assert metres.slope == pytest.approx(pixels.slope, abs=1e-9)
    assert metres.least_area == pytest.approx(64 * pixels.least_area)


@pytest.mark.parametrize('areas', [[], [5.0] * 40, [1.0, 2.0, 3.0]])
def test_too_few_or_equal_landslides_have_no_slope(areas):
    fit = power_law(Counter(areas))
    assert math.isnan(fit.slope)
    assert fit.in_tail == 0


def test_the_histogram_holds_every_landslide_and_its_edges_are_round():
    areas = np.concatenate([drawn(2.3, 30.0, 500), [10.0, 100.0, 1000.0]])
    edges, counts = size_histogram(Counter(areas))
    np.testing.assert_array_equal(counts, np.histogram(areas * (1 + 1e-9), edges)[0])
    assert counts.sum() == 503
    assert any(np.isclose(edges, 100.0))
    assert all(part.size == 0 for part in size_histogram(Counter()))
