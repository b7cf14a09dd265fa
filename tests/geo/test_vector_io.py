from __future__ import annotations

import geopandas
import pyproj
import pytest
import shapely

from fusionls.errors import CrsMissingError, FileMissingError, InputError, OutputError
from fusionls.geo.vector_io import read_lines, read_polygons, write_polygons

SQUARE = shapely.box(500_000, 3_999_900, 500_100, 4_000_000)


def frame(*shapes, crs='EPSG:32617', **fields):
    return geopandas.GeoDataFrame(fields, geometry=list(shapes), crs=crs)


@pytest.mark.parametrize('name', ['a.gpkg', 'a.parquet', 'a.geojson'])
def test_polygons_come_back_with_fields_and_place(tmp_path, name):
    write_polygons(frame(SQUARE, area=[1.5]), tmp_path / name, 'landslides')
    found = read_polygons(tmp_path / name, pyproj.CRS(32617))
    assert found['area'].tolist() == [1.5]
    assert found.geometry.iloc[0].symmetric_difference(SQUARE).area < 1e-2


def test_polygons_are_brought_to_the_crs_asked_for(tmp_path):
    write_polygons(frame(SQUARE), tmp_path / 'a.gpkg', 'x')
    found = read_polygons(tmp_path / 'a.gpkg', pyproj.CRS(4326))
    west, _, east, north = found.total_bounds
    assert (west, north) == pytest.approx((-81.0, 36.1449), abs=1e-3)
    assert east - west == pytest.approx(100 / 111_320 / 0.8076, rel=1e-2)  # cos of 36.14 degrees


def test_a_layer_is_found_by_name_and_a_missing_one_is_an_error(tmp_path):
    frame(SQUARE).to_file(tmp_path / 'a.gpkg', layer='first')
    frame(SQUARE, SQUARE).to_file(tmp_path / 'a.gpkg', layer='second')
    assert len(read_polygons(tmp_path / 'a.gpkg', layer='second')) == 2
    with pytest.raises(InputError, match='third'):
        read_polygons(tmp_path / 'a.gpkg', layer='third')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'a\.gpkg: no such file'):
        read_polygons(tmp_path / 'a.gpkg')


def test_a_file_that_holds_no_polygons_is_named(tmp_path):
    (tmp_path / 'a.gpkg').write_text('no')
    with pytest.raises(InputError, match=r'a\.gpkg: cannot be read as polygons'):
        read_polygons(tmp_path / 'a.gpkg')


def test_points_are_refused_by_their_type(tmp_path):
    frame(shapely.Point(0, 0), SQUARE).to_file(tmp_path / 'a.gpkg')
    with pytest.raises(InputError, match='holds Point; expected polygons only'):
        read_polygons(tmp_path / 'a.gpkg')


def test_polygons_without_crs_are_refused_with_the_cure(tmp_path):
    frame(SQUARE, crs=None).to_file(tmp_path / 'a.shp')
    with pytest.raises(CrsMissingError, match=r'has no CRS.*a_srs'):
        read_polygons(tmp_path / 'a.shp')


def test_empty_and_missing_geometries_are_dropped(tmp_path):
    frame(SQUARE, None, shapely.Polygon()).to_file(tmp_path / 'a.gpkg')
    assert len(read_polygons(tmp_path / 'a.gpkg')) == 1


def test_a_polygon_that_crosses_itself_is_mended_into_polygons(tmp_path):
    bow_tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    with_spike = shapely.Polygon([(0, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10)])
    flat = shapely.Polygon([(0, 0), (10, 10), (20, 20)])
    frame(bow_tie, with_spike, flat).to_file(tmp_path / 'a.gpkg')
    found = read_polygons(tmp_path / 'a.gpkg')
    assert found.geometry.is_valid.all()
    assert set(found.geom_type) <= {'Polygon', 'MultiPolygon'}
    assert found.area.tolist() == [50.0, 100.0]


def test_a_crs_of_another_planet_is_an_error_with_both_names(tmp_path):
    frame(SQUARE, crs='IAU_2015:49910').to_file(tmp_path / 'a.gpkg')
    with pytest.raises(InputError, match=r'a\.gpkg: is in .* cannot be related to WGS 84 / UTM'):
        read_polygons(tmp_path / 'a.gpkg', pyproj.CRS(32617))


def test_a_write_that_fails_leaves_nothing(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'a\.gpkg: could not be written'):
        write_polygons(frame(SQUARE), tmp_path / 'file' / 'a.gpkg', 'x')


def test_lines_come_back_in_the_crs_asked_for_and_polygons_are_none(tmp_path):
    line = shapely.LineString([(500_000, 4_000_000), (500_300, 3_999_600)])
    frame(line, shapely.MultiLineString([line])).to_file(tmp_path / 'l.gpkg')
    found = read_lines(tmp_path / 'l.gpkg')
    assert found.length.tolist() == pytest.approx([500.0, 500.0])
    degrees = read_lines(tmp_path / 'l.gpkg', pyproj.CRS(4326))
    assert degrees.to_crs(32617).length.tolist() == pytest.approx([500.0, 500.0], abs=1e-3)
    frame(SQUARE).to_file(tmp_path / 'p.gpkg')
    with pytest.raises(InputError, match='holds Polygon; expected lines only'):
        read_lines(tmp_path / 'p.gpkg')
    with pytest.raises(InputError, match='expected polygons only'):
        read_polygons(tmp_path / 'l.gpkg')
