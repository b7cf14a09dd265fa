from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.layers.insar import (
    displacement_toward,
    los_from_angles,
    los_from_enu,
    los_from_heading,
    los_from_look_vector,
)

INCIDENCES, BEARINGS = st.floats(0, 60), st.floats(-180, 360)


@given(INCIDENCES, BEARINGS)
def test_it_is_a_unit_vector_that_points_up(incidence, heading):
    for vector in (
        los_from_angles(incidence, heading),
        los_from_heading(incidence, heading),
        los_from_look_vector(np.radians(90 - incidence), np.radians(heading)),
    ):
        assert np.linalg.norm(vector) == pytest.approx(1)
        assert vector[2] == pytest.approx(np.cos(np.radians(incidence)))


def test_an_ascending_satellite_stands_in_the_west_and_a_descending_one_in_the_east():
    assert los_from_heading(39, -12)[0] < -0.6
    assert los_from_heading(39, -168)[0] > 0.6


@given(INCIDENCES, BEARINGS)
def test_mintpys_and_hyp3s_angles_of_one_satellite_give_one_vector(incidence, azimuth):
    # the product guide: inc = 90 - theta, az = phi - 90 in degrees
    theta, phi = np.radians(90 - incidence), np.radians(azimuth + 90)
    assert los_from_look_vector(theta, phi) == pytest.approx(
        los_from_angles(incidence, azimuth), abs=1e-12
    )


@given(INCIDENCES, st.floats(-180, 180), st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_the_formula_of_mintpy_with_its_own_azimuth_agrees(incidence, azimuth, motion):
    inc, az = np.radians(incidence), np.radians(azimuth)
    east, north, up = motion
    theirs = -east * np.sin(inc) * np.sin(az) + north * np.sin(inc) * np.cos(az) + up * np.cos(inc)
    assert los_from_enu(motion, los_from_angles(incidence, azimuth)) == pytest.approx(theirs)


def test_uplift_is_toward_and_eastward_motion_away_from_a_satellite_in_the_west():
    los = los_from_heading(40, -12)
    assert los_from_enu([0, 0, 1], los) == pytest.approx(np.cos(np.radians(40)))
    assert los_from_enu([1, 0, 0], los) < 0


def test_a_growing_phase_is_motion_away_unless_the_product_says_otherwise():
    half = 0.0556 / 2  # one cycle is half a wavelength
    assert displacement_toward(2 * np.pi, 0.0556) == pytest.approx(-half)
    assert displacement_toward(2 * np.pi, 0.0556, positive_away=False) == pytest.approx(half)
