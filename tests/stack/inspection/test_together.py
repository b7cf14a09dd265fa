"""Files that lie apart, or beside each other: it is told, with the slip that would explain it."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from scipy import ndimage

from fusionls.geo.grid import Grid
from fusionls.stack.inspection import inspect_files
from fusionls.stack.inspection.together import common_metric_grid, covered_share


def of_check(inspection, check):
    return [f for f in inspection.findings if f.check == check]


@pytest.mark.parametrize(
    ('said', 'cure'),
    [
        ({'crs': 'EPSG:32618'}, 'were its CRS EPSG:32617'),  # the next zone
        ({'crs': 'EPSG:32717', 'north': 4_000_000.0}, 'were its CRS EPSG:32617'),  # other side
        ({'west': 900_000.0}, 'Check the CRS and the place of both'),
        ({'crs': 'IAU_2015:49910'}, 'were its CRS EPSG:32617'),  # Mars
    ],
)
def test_what_does_not_overlap_is_an_error_with_the_likely_slip(
    write_raster, tmp_path, ground, picture, said, cure
):
    dem = ground(64)
    write_raster('optical.tif', picture(dem))
    write_raster('dem.tif', dem, **said)
    (finding,) = of_check(inspect_files([tmp_path]), 'overlap')
    assert finding.severity == 'error'
    assert cure in finding.cure


def test_exchanged_longitude_and_latitude_are_told(write_raster, tmp_path, ground, picture):
    dem = ground(64)
    degrees = {'crs': 'EPSG:4326', 'pixel': 0.0001}
    write_raster('optical.tif', picture(dem), west=73.40, north=34.61, **degrees)
    write_raster('dem.tif', dem, west=34.60, north=73.41, **degrees)
    (finding,) = of_check(inspect_files([tmp_path]), 'overlap')
    assert 'longitude and latitude exchanged' in finding.cure


@pytest.mark.parametrize(('rows', 'cols'), [(0.0, 0.0), (1.3, -2.0)])
def test_an_elevation_model_that_lies_beside_the_image_is_told(
    write_raster, tmp_path, ground, picture, rows, cols
):
    dem = ground(320)
    write_raster('optical.tif', picture(dem))
    write_raster('dem.tif', dem, west=500_000.0 + 10 * cols, north=4_000_000.0 - 10 * rows)
    (finding,) = of_check(inspect_files([tmp_path]), 'shift')
    if rows:
        assert finding.severity == 'warning'
        assert finding.subject == 'dem.tif'
        assert '--fix-shift' in finding.cure
        east, north = (float(word) for word in finding.text.split() if word[0] in '+-')
        assert (east, north) == pytest.approx((-10 * cols, 10 * rows), abs=4)
    else:
        assert finding.severity == 'note'
        assert 'lies on optical.tif' in finding.text


def test_what_has_nothing_in_common_is_undecided(write_raster, tmp_path, ground, picture):
    write_raster('optical.tif', picture(ground(256)))
    noise = np.random.default_rng(1).normal(size=(256, 256))
    other = 500 + 60 * ndimage.gaussian_filter(noise, 3) * 3
    write_raster('dem.tif', other.astype(np.float32))
    (finding,) = of_check(inspect_files([tmp_path]), 'shift')
    assert finding.severity == 'note'
    assert 'cannot be told' in finding.text


def grid(crs, west, north, pixel, rows=100, cols=100):
    return Grid(pyproj.CRS(crs), west, north, pixel, pixel, rows, cols)


def test_the_share_that_is_covered():
    one = grid(32617, 0.0, 1000.0, 10.0)
    assert covered_share(one, one) == 1
    assert covered_share(one.shifted(500, 0), one) == pytest.approx(0.5, abs=0.01)
    assert covered_share(one.shifted(5000, 0), one) == 0
    tiny = grid(32617, 503.0, 497.0, 1.0, 3, 3)  # between two points that are looked for
    assert 0 < covered_share(tiny, one) < 0.01


def test_the_common_grid_has_the_coarser_pixel_and_the_overlap():
    fine = grid(32632, 620_000.0, 5_200_000.0, 10.0, 400, 400)
    coarse = grid(4326, 10.5, 47.0, 1 / 3600, 400, 400)
    found = common_metric_grid(fine, coarse)
    assert found is not None
    assert found.crs == fine.crs
    assert found.pixel == pytest.approx(np.sqrt(21.1 * 30.9), abs=0.5)
    assert covered_share(fine, found) > 0.9
    far = grid(32632, 220_000.0, 5_200_000.0, 10.0)
    assert common_metric_grid(fine, far) is None
