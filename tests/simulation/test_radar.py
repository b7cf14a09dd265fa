import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.simulation.radar import downslope_visibility, line_of_sight


@given(st.floats(15, 60), st.floats(-180, 180))
def test_line_of_sight_is_a_unit_vector_that_points_up(incidence, heading):
    look = line_of_sight(incidence, heading)
    assert np.linalg.norm(look) == pytest.approx(1.0)
    assert look[2] == pytest.approx(np.cos(np.radians(incidence)))


def test_ascending_satellite_stands_in_the_west():
    east, north, _ = line_of_sight()
    assert east < 0
    assert abs(north) < abs(east) / 4


@pytest.mark.parametrize(('aspect', 'expected'), [(90.0, -9.22), (270.0, 1.45)])
def test_ten_mm_down_thirty_degrees_reads_as_pinned(aspect, expected):
    """The pin of an independent calculation: incidence 39, heading -12."""
    assert 10 * downslope_visibility(30.0, aspect) == pytest.approx(expected, abs=0.01)


def test_one_track_is_blind_on_a_third_of_slopes_and_aspects():
    slope, aspect = np.meshgrid(np.arange(5.0, 61.0), np.arange(0.0, 360.0))
    blind = np.abs(downslope_visibility(slope, aspect)) < 0.3
    assert blind.mean() == pytest.approx(0.318, abs=0.015)
