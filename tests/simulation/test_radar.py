import numpy as np
import pytest

from fusionls.simulation.radar import downslope_visibility


@pytest.mark.parametrize(('aspect', 'expected'), [(90.0, -9.22), (270.0, 1.45)])
def test_ten_mm_down_thirty_degrees_reads_as_pinned(aspect, expected):
    """The pin of an independent calculation: incidence 39, heading -12."""
    assert 10 * downslope_visibility(30.0, aspect) == pytest.approx(expected, abs=0.01)


def test_one_track_is_blind_on_a_third_of_slopes_and_aspects():
    slope, aspect = np.meshgrid(np.arange(5.0, 61.0), np.arange(0.0, 360.0))
    blind = np.abs(downslope_visibility(slope, aspect)) < 0.3
    assert blind.mean() == pytest.approx(0.318, abs=0.015)
