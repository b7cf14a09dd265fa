"""Distances to lines: closed forms, and every vertex by hand."""

import geopandas
import numpy as np
import pytest
import shapely

from fusionls.errors import (
    CrsMissingError,
    FileMissingError,
    InputError,
    LayerUnknownError,
    UnitUnknownError,
)
from fusionls.geo.window import Window
from fusionls.sources.line_distance import open_line_distance

WEST, NORTH = 500_000.0, 4_000_000.0
NAME = 'geology_fault_distance'


@pytest.fixture
def lines(tmp_path):
    def write(*shapes, crs=32617, name='faults.gpkg'):
        path = tmp_path / name
        geopandas.GeoDataFrame(geometry=list(shapes), crs=crs).to_file(path)
        return path

    return write


def test_the_distance_to_one_straight_line_is_that_along_its_normal(lines, utm_grid):
    # a line of slope 3 : 4 far beyond the scene on both sides
    line = shapely.LineString([(WEST - 40_000, NORTH - 30_000), (WEST + 40_000, NORTH + 30_000)])
    (source,) = open_line_distance(lines(line), name=NAME)
    grid = utm_grid(50, 70)
    values, valid = source.on(grid).read()
    row, col = np.mgrid[:50, :70]
    x, y = (col + 0.5) * 10, -(row + 0.5) * 10
    np.testing.assert_allclose(values[0], np.abs(3 * x - 4 * y) / 5, rtol=1e-6, atol=1e-3)
    assert valid.all()
    assert values.dtype == np.float32


def test_the_nearest_of_many_pieces_counts_and_windows_equal_the_whole(lines, utm_grid):
    rng = np.random.default_rng(0)
    shapes = [
        shapely.LineString(np.c_[WEST + x, NORTH - y])
        for x, y in rng.uniform(-200, 900, (12, 2, 5))
    ]
    path = lines(shapely.MultiLineString(shapes[:6]), *shapes[6:])
    (source,) = open_line_distance(path, name=NAME)
    gridded = source.on(utm_grid(60, 40))
    values, _ = gridded.read()
    everything = shapely.union_all(shapes)
    for row, col in ((0, 0), (17, 31), (59, 39), (33, 2)):
        point = shapely.Point(WEST + (col + 0.5) * 10, NORTH - (row + 0.5) * 10)
        assert values[0, row, col] == pytest.approx(shapely.distance(point, everything), rel=1e-6)
    part, _ = gridded.read(Window(11, 7, 23, 30))
    np.testing.assert_array_equal(part, values[:, 11:34, 7:37])
    assert (np.abs(np.diff(values[0], axis=1)) <= 10.001).all()  # no steeper than the ground


def test_far_away_is_cut_off(lines, utm_grid):
    path = lines(shapely.LineString([(WEST, NORTH), (WEST, NORTH - 1000)]))
    grid = utm_grid(10, 50)
    full = open_line_distance(path, name=NAME)[0].on(grid).read()[0]
    cut = open_line_distance(path, name=NAME, most=120.0)[0].on(grid).read()[0]
    np.testing.assert_array_equal(cut, full.clip(max=120.0))
    assert full.max() == 495.0


def test_lines_in_degrees_are_measured_in_metres(lines, utm_grid):
    grid = utm_grid(20, 20)
    metric = shapely.LineString([(WEST + 60, NORTH + 500), (WEST + 60, NORTH - 900)])
    series = geopandas.GeoSeries([metric], crs=32617)
    degrees = series.segmentize(50).to_crs(4326).iloc[0]
    (source,) = open_line_distance(lines(degrees, crs=4326), name=NAME)
    assert source.grid.crs.is_projected
    values, _ = source.on(grid).read()
    expected = np.abs((np.arange(20) + 0.5) * 10 - 60)
    np.testing.assert_allclose(values[0], np.tile(expected, (20, 1)), atol=0.01)


def test_a_stack_has_the_layer_beside_others(lines, utm_grid, write_raster, tmp_path):
    from fusionls.stack import build_stack

    path = lines(shapely.LineString([(WEST + 100, NORTH + 9), (WEST + 100, NORTH - 900)]))
    write_raster('codes.tif', np.full((1, 32, 32), 3, np.int16))
    (tmp_path / 'scene.yaml').write_text(
        'modalities:\n'
        '  geology:\n'
        '    sources:\n'
        '      - {file: codes.tif, layers: [geology_class]}\n'
        f'      - {{product: line_distance, file: {path.name}, name: {NAME}}}\n'
    )
    stack = build_stack(tmp_path / 'scene.yaml', tmp_path / 'stack')
    assert stack.modalities['geology'].factor == 1  # lines make nothing coarse
    values, valid = stack.read(stack.grid.window)['geology']
    expected = np.abs((np.arange(32) + 0.5) * 10 - 100)
    np.testing.assert_allclose(values[1], np.tile(expected, (32, 1)), rtol=1e-6)
    assert (values[0] == 3).all()
    assert valid.all()
    assert {record.file for record in stack.manifest.inputs} == {'codes.tif', path.name}


def test_what_is_no_line_is_refused(lines, tmp_path):
    polygon = lines(shapely.box(0, 0, 1, 1), name='p.gpkg')
    with pytest.raises(InputError, match='holds Polygon; expected lines only'):
        open_line_distance(polygon, name=NAME)
    with pytest.raises(FileMissingError, match='no such file'):
        open_line_distance(tmp_path / 'gone.gpkg', name=NAME)
    nowhere = lines(shapely.LineString([(0, 0), (1, 1)]), crs=None, name='n.gpkg')
    with pytest.raises(CrsMissingError, match='has no CRS'):
        open_line_distance(nowhere, name=NAME)


def test_layers_that_are_no_distance_are_refused(lines):
    path = lines(shapely.LineString([(WEST, NORTH), (WEST, NORTH - 1000)]))
    with pytest.raises(UnitUnknownError, match=r"a distance is in m, layer 'geology_class' in '1'"):
        open_line_distance(path, name='geology_class')
    with pytest.raises(LayerUnknownError, match='fault_distance'):
        open_line_distance(path, name='geologie_fault_distance')
    with pytest.raises(InputError, match='most is 0; expected a distance > 0 m'):
        open_line_distance(path, name=NAME, most=0)
