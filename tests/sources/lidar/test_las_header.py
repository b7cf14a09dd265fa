from __future__ import annotations

import laspy
import numpy as np
import pyproj
import pytest
from laspy.vlrs.known import GeoKeyDirectoryVlr, GeoKeyEntryStruct

from fusionls.errors import CrsMissingError, InputError, UnitUnknownError
from fusionls.sources.lidar.point_cloud import PointCloud

US_FOOT = 1200 / 3937
HEIGHTS = np.array([10.0, 20.0])


def with_keys(path, keys):
    """The file with GeoTIFF keys instead of a CRS in words."""
    cloud = laspy.read(path)
    directory = GeoKeyDirectoryVlr()
    directory.geo_keys_header.number_of_keys = len(keys)
    directory.geo_keys = [GeoKeyEntryStruct(i, 0, 1, value) for i, value in keys.items()]
    cloud.header.vlrs.append(directory)
    cloud.write(path)
    return path


@pytest.fixture
def cloud_with(write_cloud):
    def make(written, keys=None, **options):
        x, y = np.array([500_000.0, 500_009.0]), np.array([400_000.0, 400_009.0])
        path = write_cloud('a.las', x, y, HEIGHTS, crs=written, version='1.2', point_format=1)
        return PointCloud.open([path if keys is None else with_keys(path, keys)], **options)

    return make


def heights(cloud):
    return np.concatenate([part.z for part in cloud.chunks(cloud.crs)])


@pytest.mark.parametrize(
    ('keys', 'metres'),
    [
        ({3072: 32617}, 1.0),
        ({3072: 2903}, US_FOOT),  # horizontal axes in US survey feet
        ({3072: 2903, 4099: 9001}, 1.0),  # VerticalUnits
        ({3072: 32617, 4099: 9002}, 0.3048),
        ({3072: 32617, 4096: 6360}, US_FOOT),  # NAVD88 height (ftUS)
        ({3072: 32617, 4096: 5703}, 1.0),  # NAVD88 height
        ({3072: 2903, 4096: 5103, 4099: 9003}, US_FOOT),  # a code that EPSG no longer has
        ({3072: 2903, 4096: 5103}, US_FOOT),
        ({2048: 4326, 4099: 9003}, US_FOOT),
        ({2048: 4326}, 1.0),
    ],
)
def test_feet_and_metres_are_told_apart_by_the_keys(cloud_with, keys, metres):
    cloud = cloud_with(None, keys)
    assert heights(cloud) == pytest.approx(HEIGHTS * metres, rel=1e-9)
    assert cloud.files[0].metres_up == pytest.approx(metres, rel=1e-9)


@pytest.mark.parametrize(
    ('crs', 'metres'),
    [
        ('EPSG:32617', 1.0),
        ('EPSG:2994', 0.3048),  # international feet
        ('EPSG:32617+5703', 1.0),
        ('EPSG:32617+6360', US_FOOT),
        ('EPSG:2903+5703', 1.0),  # feet along the ground, metres up
        ('EPSG:4979', 1.0),
    ],
)
def test_feet_and_metres_are_told_apart_by_the_crs(cloud_with, crs, metres):
    cloud = cloud_with(None, crs=crs)
    assert heights(cloud) == pytest.approx(HEIGHTS * metres, rel=1e-9)
    assert not cloud.crs.is_compound


def test_a_stated_unit_wins(cloud_with):
    assert heights(cloud_with(2903, vertical_unit='m')) == pytest.approx(HEIGHTS)
    assert heights(cloud_with(32617, vertical_unit='ft')) == pytest.approx(HEIGHTS * 0.3048)
    with pytest.raises(UnitUnknownError, match="vertical_unit: unit 'yard' is unknown"):
        cloud_with(32617, vertical_unit='yard')


def test_without_a_crs_the_cure_is_told_and_the_file_s_own_wins(cloud_with):
    with pytest.raises(CrsMissingError, match=r'nor whether it counts in feet; say it: crs: EPSG'):
        cloud_with(None)
    assert cloud_with(None, crs='EPSG:32618').crs == pyproj.CRS(32618)
    assert cloud_with(32617, crs='EPSG:32618').crs == pyproj.CRS(32617)


def test_a_crs_without_places_on_the_ground_is_refused(cloud_with):
    with pytest.raises(InputError, match='does not say where on the ground a point is'):
        cloud_with(None, crs='EPSG:5703')


def test_bounds_beyond_this_planet_are_refused(write_cloud):
    path = write_cloud('a.las', np.array([0.0, 1e12]), np.zeros(2), np.zeros(2), scale=1000.0)
    with pytest.raises(InputError, match='make no box on this planet'):
        PointCloud.open([path])
