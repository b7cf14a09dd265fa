from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest

from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.quantities import Kind, Quantity
from fusionls.sources import ArraySource
from fusionls.sources.insar.points import point_source
from fusionls.sources.insar.reference import ReferenceRule, referenced

GRID = Grid(pyproj.CRS(4326), 10.0, 45.0, 0.001, 0.001, 40, 50)


@pytest.fixture
def source():
    """Most ground drifts by -0.027 m/yr, a fifth of it rises; coherence beside it."""
    rng = np.random.default_rng(0)
    velocity = rng.normal(-0.027, 0.001, GRID.shape)
    velocity[:, 40:] += np.linspace(0, 0.08, 10)
    valid = rng.random(GRID.shape) < 0.9
    coherence = np.full(GRID.shape, 0.8)
    return ArraySource(
        Path('v.tif'),
        GRID,
        {
            'insar_velocity_los_asc': Quantity('m/yr'),
            'insar_coherence_asc': Quantity('1', Kind.CONTINUOUS),
        },
        np.stack([velocity, coherence]).astype(np.float32),
        np.stack([valid, valid]),
        record={'product': 'x'},
    )


def offset_of(source, rule):
    (found,) = referenced([source], rule)
    return found.record['reference']['insar_velocity_los_asc']['offset']


def test_the_mode_is_where_most_of_the_ground_is_and_the_median_is_drawn_to_the_rest(source):
    assert offset_of(source, 'mode') == pytest.approx(-0.027, abs=3e-4)
    assert offset_of(source, 'median') > -0.0269


def test_only_what_is_relative_is_shifted_and_invalid_pixels_stay_zero(source):
    values, valid = source.read()
    (found,) = referenced([source], 'median')
    shifted, still = found.read()
    offset = np.median(values[0][valid[0]])
    assert shifted[0][valid[0]] == pytest.approx(values[0][valid[0]] - offset, abs=1e-7)
    assert np.median(shifted[0][valid[0]]) == pytest.approx(0, abs=1e-7)
    assert (shifted[0][~valid[0]] == 0).all()
    assert np.array_equal(shifted[1], values[1])
    assert np.array_equal(still, valid)
    assert found.record['product'] == 'x'


def test_a_box_counts_its_pixels_and_no_other(source):
    values, valid = source.read()
    rule = {'box': [10.040, 44.980, 10.050, 45.0]}
    area = np.s_[:20, 40:50]
    assert offset_of(source, rule) == pytest.approx(np.median(values[0][area][valid[0][area]]))
    (found,) = referenced([source], rule)
    told = found.record['reference']
    assert told['insar_velocity_los_asc']['pixels'] == valid[0][area].sum()
    assert told['box'] == rule['box']


def test_a_point_counts_what_lies_within_metres_of_it(source):
    values, valid = source.read()
    # 111.1 m a row, 78.8 m a column at this latitude
    rows, cols = np.mgrid[:40, :50]
    near = np.hypot((rows - 10) * 111.1, (cols - 20) * 78.8) <= 300
    rule = {'point': [10.0205, 44.9895], 'radius': 300}
    assert offset_of(source, rule) == pytest.approx(np.median(values[0][near & valid[0]]))


def test_a_box_across_the_antimeridian():
    rule = ReferenceRule.parsed({'box': [179.0, -1, 181.0, 1]})
    counts = rule.counts(np.array([179.5, -179.5, 178.0, -178.0]), np.zeros(4))
    assert counts.tolist() == [True, True, False, False]


def test_a_window_is_the_same_part_of_the_whole(source):
    (found,) = referenced([source], 'mode')
    window = type(GRID.window)(3, 4, 5, 6)
    assert np.array_equal(found.read(window)[0], found.read()[0][(slice(None), *window.slices)])


def test_the_offset_of_points_is_that_of_all_of_them_wherever_the_scene_lies():
    rng = np.random.default_rng(2)
    x, y = 500_000 + rng.uniform(0, 2000, 400), 4_000_000 - rng.uniform(0, 1000, 400)
    velocity = np.where(x > 501_000, 0.03, 0.01)
    columns = {'insar_velocity_los': velocity}
    crs = pyproj.CRS(32617)
    points = point_source(Path('p.csv'), crs, x, y, columns, track=None, record={}, pixel=20.0)
    (found,) = referenced([points], {'box': [-81.0, 36.0, -80.989, 36.2]})  # its west
    scene = Grid(crs, 501_400.0, 4_000_000.0, 20.0, 20.0, 50, 30)  # its east
    values, valid = found.on(scene).read()
    assert values[0][valid[0]] == pytest.approx(0.02, abs=1e-6)


def test_too_few_pixels_are_refused_with_their_number(source):
    with pytest.raises(InputError, match=r'0 valid pixels tell it, at least 10 are needed'):
        offset_of(source, {'box': [0, 0, 1, 1]})


@pytest.mark.parametrize(
    ('rule', 'expected'),
    [
        ('mean', "got 'mean', expected 'median', 'mode'"),
        ({}, 'give a point or a box'),
        ({'point': [1, 2], 'box': [1, 2, 3, 4]}, 'give a point or a box'),
        ({'point': [1]}, 'expected 2 numbers'),
        ({'point': ['a', 'b']}, 'expected 2 numbers'),
        ({'box': [3, 2, 1, 4]}, r'expected \[west, south, east, north\]'),
        ({'point': [1, 2], 'radius': 'far', 'colour': 3}, r'\(2 problems\)'),
        ({'point': [1, 2], 'statistic': 'mean'}, "statistic: got 'mean'"),
    ],
)
def test_a_rule_that_is_none_is_refused(source, rule, expected):
    with pytest.raises(InputError, match=expected):
        referenced([source], rule)
