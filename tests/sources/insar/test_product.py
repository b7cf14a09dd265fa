from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from fusionls.errors import FileMissingError, ProductError
from fusionls.geo.window import Window
from fusionls.sources.insar.product import (
    TO_GROUND,
    TO_SATELLITE,
    cosine_planes,
    dates_of,
    los_planes,
    raster_plane,
    told_numbers,
)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('S1AA_20200101T053000_20200113T053000_VVP012_INT80_unw_phase.tif', (1, 13)),
        ('S1_136231_IW2_20200101_20200113_VV_INT80_663F_corr.tif', (1, 13)),
        ('20200101_20200113.geo.unw.tif', (1, 13)),
        ('cropA_20200113-20200101_VV_8rlks_eqa_unw.tif', (13, 1)),
        ('20200101_unw.tif', None),
        ('12020010120200113.tif', None),
        ('20200101_20201399.tif', None),
    ],
)
def test_dates_are_those_in_the_name_as_they_stand_there(name, expected):
    found = dates_of(Path(name))
    assert found == (expected and tuple(datetime.date(2020, 1, day) for day in expected))


def test_a_vector_to_the_ground_is_turned_and_one_to_the_satellite_kept():
    vector = np.array([-0.6, -0.1, 0.8]).reshape(3, 1, 1)
    for points, sign in ((TO_SATELLITE, 1), (TO_GROUND, -1)):
        planes = los_planes(vector, np.ones((1, 1), bool), points)
        found = [planes[f'insar_los_{way}'][0][0, 0] for way in ('east', 'north', 'up')]
        assert found == pytest.approx(sign * vector[:, 0, 0])


def test_cosines_are_void_where_all_three_are_zero():
    east = np.array([[0.0, 0.0, -0.6]]), np.ones((1, 3), bool)
    up = np.array([[0.0, 1.0, 0.8]]), np.array([[True, True, False]])
    planes = cosine_planes([east, (np.zeros((1, 3)), np.ones((1, 3), bool)), up], TO_SATELLITE)
    assert planes['insar_los_up'][1].tolist() == [[False, True, False]]


def test_a_stored_zero_is_void_where_it_is_said_to_be(write_raster):
    path = write_raster('a.tif', np.array([[0, 2, 4]], np.float32))
    window = Window(0, 0, 1, 3)
    values, valid = raster_plane(path, 0.5)(window)
    assert values.tolist() == [[0, 1, 2]]
    assert valid.tolist() == [[False, True, True]]
    assert raster_plane(path, zero_is_void=False)(window)[1].all()


def test_numbers_of_a_parameter_file_and_all_that_is_wrong_with_them(tmp_path):
    path = tmp_path / 'a.par'
    path.write_text('title: x\nheading:   -12.5   degrees\nwidth:  8\nempty:\nodd: ten\n')
    assert told_numbers(path, ('heading', 'width'), 'x') == {'heading': -12.5, 'width': 8}
    with pytest.raises(ProductError, match=r'expected a header \(3 problems\)') as caught:
        told_numbers(path, ('heading', 'empty', 'odd', 'none'), 'a header')
    assert 'odd: ten, expected a number' in str(caught.value)
    with pytest.raises(FileMissingError):
        told_numbers(tmp_path / 'b.par', (), 'x')
