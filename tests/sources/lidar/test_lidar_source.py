from __future__ import annotations

import numpy as np
import pyproj
import pytest
import yaml

from fusionls.errors import (
    AllInvalidError,
    InputError,
    LayerUnknownError,
    NoOverlapError,
    PointCloudError,
    SceneError,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import opened, read_bands
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.layers.derivation import derive
from fusionls.sources.lidar import lidar_source
from fusionls.sources.lidar.lidar_source import open_lidar
from fusionls.sources.products import PRODUCTS
from fusionls.stack import build_stack

WEST, SOUTH, SIDE = 500_000.0, 4_000_000.0, 80.0
FOOT = 0.3048
# east, north, width, depth, height of boxes, metres
BOXES = [(12, 14, 10, 8, 6.0), (40, 20, 14, 14, 12.0), (18, 50, 6, 20, 4.0), (55, 55, 9, 9, 8.0)]


def hillside(x, y):
    """Ground that rises 0.6 toward the north-east."""
    return 300 + 0.48 * (x - WEST) + 0.36 * (y - SOUTH)


def village(seed=0, per_square_metre=4):
    """Points on the hillside and on boxes that stand on it, whose roofs are level."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.01, SIDE - 0.01, (2, int(per_square_metre * SIDE**2)))
    z = hillside(WEST + x, SOUTH + y)
    box = np.zeros(len(x), bool)
    for east, north, width, depth, height in BOXES:
        inside = (x >= east) & (x < east + width) & (y >= north) & (y < north + depth)
        roof = hillside(WEST + east + width, SOUTH + north + depth) + height
        z, box = np.where(inside, roof, z), box | inside
    return WEST + x, SOUTH + y, z, box


def grid_of(pixel=1.0, side=SIDE, crs=32617, west=WEST, south=SOUTH):
    count = round(side / pixel)
    return Grid(pyproj.CRS(crs), west, south + side, pixel, pixel, count, count)


def on_grid(source, grid):
    """Values and valid by layer on the very pixels of a grid."""
    cells = source.on(grid)
    values, valid = Resampler(cells.grid, grid).part(cells.read, grid.window, cells.kinds)
    return dict(zip(cells.layers, zip(values, valid, strict=True), strict=True))


def middles(grid):
    rows, cols = np.mgrid[: grid.rows, : grid.cols] + 0.5
    return grid.west + cols * grid.pixel_width, grid.north - rows * grid.pixel_height


def test_all_boxes_come_off_a_hillside(write_cloud):
    x, y, z, box = village()
    source = open_lidar([write_cloud('a.laz', x, y, z)])[0]
    found = on_grid(source, grid_of())
    ground, valid = found['lidar_ground']
    error = (ground - hillside(*middles(grid_of())))[valid]
    assert np.abs(error).max() < 0.1
    assert np.sqrt((error**2).mean()) < 0.01
    assert found['lidar_ground_density'][0].sum() == np.count_nonzero(~box)
    surface, hit = found['lidar_surface']
    for east, north, width, depth, tall in BOXES:
        rows = slice(round(SIDE - north - depth) + 1, round(SIDE - north) - 1)
        roof = (rows, slice(east + 1, east + width - 1))
        height = (surface - ground)[roof][(hit & valid)[roof]]
        assert height.min() > tall - 0.3


@pytest.mark.parametrize('name', ['adaptive', 'window_slope', 'smrf', 'progressive'])
def test_every_filter_takes_boxes_off_level_ground(write_cloud, name):
    x, y, z, box = village()
    z = np.where(box, z - hillside(x, y) + 100, 100.0)
    source = open_lidar([write_cloud('a.las', x, y, z)], ground=name)[0]
    found = on_grid(source, grid_of())
    ground, valid = found['lidar_ground']
    assert np.abs(ground[valid] - 100).max() < 0.01
    assert found['lidar_ground_density'][0].sum() == np.count_nonzero(~box)


def test_feet_give_the_metres_that_metres_give(write_cloud):
    x, y, z, _ = village()
    metres = open_lidar([write_cloud('m.las', x, y, z)])[0]
    # the same place in feet: a plane of its own, laid out like the first
    plane = '+proj=utm +zone=17 +datum=WGS84 +units=ft'
    feet = open_lidar([write_cloud('f.las', x / FOOT, y / FOOT, z / FOOT, crs=plane)])[0]
    assert feet.record['metres_up'] == [FOOT]
    one, other = on_grid(metres, grid_of()), on_grid(feet, grid_of())
    for layer, tolerance in {
        'lidar_ground': 0.02,
        'lidar_surface': 0.01,
        'lidar_ground_roughness': 0.02,
    }.items():
        valid = one[layer][1] & other[layer][1]
        assert valid.mean() > 0.8
        assert np.percentile(np.abs(one[layer][0] - other[layer][0])[valid], 99) < tolerance
    assert one['lidar_point_density'][0].sum() == other['lidar_point_density'][0].sum()
    # on its own pixels, counted in feet, it is the same hill too
    own, _ = feet.read()
    assert feet.grid.pixel == pytest.approx(1.0)
    assert np.median(own[0]) == pytest.approx(np.median(metres.read()[0][0]), abs=0.5)


def test_tiles_equal_the_whole(write_cloud):
    x, y, z, _ = village()
    whole = open_lidar([write_cloud('whole.las', x, y, z)])[0]
    west = x < WEST + 37.3
    tiles = [
        write_cloud('e.laz', x[~west], y[~west], z[~west]),
        write_cloud('w.las', x[west], y[west], z[west]),
    ]
    one, other = on_grid(whole, grid_of()), on_grid(open_lidar(tiles)[0], grid_of())
    for layer, (values, valid) in one.items():
        assert np.array_equal(valid, other[layer][1])
        assert values == pytest.approx(other[layer][0], abs=0.002)


def test_blocks_equal_the_whole(write_cloud, monkeypatch):
    x, y, z, _ = village()
    path = write_cloud('a.las', x, y, z)
    whole = on_grid(open_lidar([path])[0], grid_of())
    monkeypatch.setattr(lidar_source, 'MARGIN', 24.0)
    monkeypatch.setattr(lidar_source, 'BLOCK', 74)
    cells = open_lidar([path])[0].on(grid_of())
    assert len(cells._blocks) == 16
    parts = on_grid(open_lidar([path])[0], grid_of())
    hit = whole['lidar_point_density'][0] > 0  # elsewhere the surface stands on the ground
    for layer in ('lidar_surface', 'lidar_point_density', 'lidar_intensity'):
        assert np.array_equal(whole[layer][0][hit], parts[layer][0][hit])
        assert np.array_equal(whole[layer][1], parts[layer][1])
    surfaces = (one['lidar_surface'][0][whole['lidar_surface'][1]] for one in (whole, parts))
    assert np.abs(np.subtract(*surfaces)).max() < 0.2
    # the trend of the terrain is that of the block
    assert np.abs(whole['lidar_ground'][0] - parts['lidar_ground'][0]).max() < 0.1
    assert (whole['lidar_ground'][1] == parts['lidar_ground'][1]).mean() > 0.99
    assert cells.read(Window(3, 60, 30, 9))[0] == pytest.approx(cells.read()[0][:, 3:33, 60:69])


def test_pixels_hold_whole_cells_and_windows_equal_the_whole(write_cloud):
    x, y, z, _ = village()
    source = open_lidar([write_cloud('a.las', x, y, z)], layers=['lidar_ground'])[0]
    cells = source.on(grid_of(5.0))
    assert cells.grid.pixel == 1.0
    assert (cells.grid.west - WEST) % 5 == 0
    coarse, valid = on_grid(source, grid_of(5.0))['lidar_ground']
    assert np.abs(coarse - hillside(*middles(grid_of(5.0))))[valid].max() < 0.2
    assert open_lidar(source.files, cell=0.5)[0].on(grid_of()).grid.pixel == 0.5
    own, _ = source.read()
    assert np.array_equal(source.read(Window(7, 11, 20, 30))[0], own[:, 7:27, 11:41])


def test_a_cloud_in_another_zone_is_gridded_on_the_pixels_asked_for(write_cloud):
    x, y, z, box = village()
    z, x, y = z[~box], x[~box], y[~box]
    to_18 = pyproj.Transformer.from_crs(32617, 32618, always_xy=True)
    source = open_lidar([write_cloud('a.las', *to_18.transform(x, y), z, crs=32618)])[0]
    ground, valid = on_grid(source, grid_of())['lidar_ground']
    assert valid.mean() > 0.97
    assert np.abs(ground - hillside(*middles(grid_of())))[valid].max() < 0.1


def test_points_outside_the_scene_are_told(write_cloud):
    x, y, z, _ = village(per_square_metre=1)
    source = open_lidar([write_cloud('a.las', x, y, z)])[0]
    with pytest.raises(NoOverlapError, match='no point lies inside the scene: the cloud spans'):
        source.on(grid_of(west=WEST + 5000))
    # its box touches the scene, its points do not
    corners = (x < WEST + 2) | (x > WEST + SIDE - 2)
    hollow = open_lidar([write_cloud('b.las', x[corners], y[corners], z[corners])])[0]
    inner = grid_of(side=10, west=WEST + 35, south=SOUTH + 35)
    assert not on_grid(hollow, inner)['lidar_surface'][1].any()


@pytest.mark.parametrize(
    ('options', 'error', 'said'),
    [
        ({'ground': 'smrff'}, InputError, 'did you mean smrf'),
        ({'ground_options': {'slop': 1}}, InputError, "option 'slop' is unknown.*slope"),
        ({'ground_options': {'slope': -1}}, InputError, "'slope' is -1, expected numbers > 0"),
        ({'cell': 0}, InputError, 'cell is 0, expected metres > 0'),
        ({'void_limit': float('nan')}, InputError, 'void_limit is nan'),
        ({'layers': ['lidar_slope']}, LayerUnknownError, r'derived from these \(derive'),
    ],
)
def test_options_that_make_no_sense_are_refused(write_cloud, options, error, said):
    path = write_cloud('a.las', *village(per_square_metre=1)[:3])
    with pytest.raises(error, match=said):
        open_lidar([path], **options)


def scene(folder, **said):
    path = folder / 'SCENE.yaml'
    path.write_text(yaml.safe_dump({'name': 'village', 'modalities': said}))
    return path


def test_layers_are_had_by_a_scene_description(write_cloud, tmp_path):
    x, y, z, _ = village()
    west = x < WEST + 40
    write_cloud('w.laz', x[west], y[west], z[west])
    write_cloud('e.laz', x[~west], y[~west], z[~west])
    derived = ['lidar_canopy_height', 'lidar_slope', 'lidar_hillshade']
    said = {
        'sources': [{'product': 'lidar', 'files': ['*.laz'], 'ground_options': {'slope': 0.25}}],
        'derive': derived,
    }
    stack = build_stack(scene(tmp_path, lidar=said), tmp_path / 'out')
    layers = tuple(stack.manifest.modalities['lidar'].quantities)
    assert set(derived) < set(layers)
    with opened(tmp_path / 'out' / 'lidar.tif') as file:
        raster = read_bands(file, list(range(1, len(layers) + 1)))
    named = dict(zip(layers, zip(*raster, strict=True), strict=True))
    slope, valid = named['lidar_slope']
    assert np.median(slope[valid]) == pytest.approx(np.degrees(np.arctan(0.6)), abs=0.3)
    canopy, valid = named['lidar_canopy_height']
    assert canopy[valid].max() == pytest.approx(22, abs=5)
    record = stack.manifest.parameters['sources']['lidar'][0]
    assert (record['ground'], record['ground_options']) == ('adaptive', {'slope': 0.25})
    assert record['points'] == len(x)


def test_a_scene_tells_what_is_wrong_with_its_clouds(write_cloud, tmp_path):
    x, y, z, _ = village(per_square_metre=1)
    write_cloud('nameless.las', x, y, z, crs=None)
    said = {'sources': [{'product': 'lidar', 'file': 'nameless.las'}]}
    with pytest.raises(SceneError, match=r'modalities\.lidar: .*has no CRS'):
        build_stack(scene(tmp_path, lidar=said), tmp_path / 'out')
    write_cloud('far.las', x + 90_000, y, z)
    write_cloud('near.las', x, y, z)
    said = {'sources': [{'product': 'lidar', 'file': 'near.las', 'layers': ['lidar_ground']}]}
    far = {'sources': [{'product': 'lidar', 'file': 'far.las', 'layers': ['lidar_surface']}]}
    with pytest.raises(SceneError, match=r'modalities\.surface: .*no pixel inside the scene'):
        build_stack(scene(tmp_path, lidar=said, surface=far), tmp_path / 'out')
    write_cloud('roofs.las', x, y, z, classification=np.full(len(x), 6))
    said = {'sources': [{'product': 'lidar', 'file': 'roofs.las', 'ground': 'classified'}]}
    with pytest.raises((PointCloudError, AllInvalidError), match='is ground'):
        build_stack(scene(tmp_path, lidar=said), tmp_path / 'out')


def test_the_product_takes_its_files_as_one():
    assert PRODUCTS['lidar'].takes_files


TILES = {
    # metres per unit of height, range of the ground in metres, most of the canopy
    'topography_quebec.laz': (1.0, (788, 831), 32),
    'bcts_1.laz': (1.0, (325, 345), 32),
    'autzen_trim.laz': (FOOT, (120, 150), 40),
    'hexbin-crop.las': (1.0, (3105, 3215), 30),  # at 45 degrees, and 10 m beyond its points
    '4_6_crop.las': (1200 / 3937, (2155, 2172), 18),
    'pyfor_test.laz': (1.0, (35, 48), 26),
}


@pytest.mark.real_data
@pytest.mark.parametrize('name', TILES)
def test_a_real_tile_becomes_bare_earth_and_canopy(real_data, name):
    metres, (low, high), tall = TILES[name]
    source = open_lidar([real_data / 'lidar_tiles' / name])[0]
    assert source.cloud.files[0].metres_up == pytest.approx(metres)
    assert source.grid.pixel == pytest.approx(1.0)
    values, valid = source.read()
    layers = dict(zip(source.layers, zip(values, valid, strict=True), strict=True))
    ground, known = layers['lidar_ground']
    assert known.mean() > 0.65
    assert low < ground[known].min() <= ground[known].max() < high
    names = ['lidar_canopy_height', 'lidar_hillshade']
    found = derive(layers, names, source.grid.pixel)
    canopy, above = found['lidar_canopy_height']
    assert above.mean() > 0.5
    # on a steep slope the highest point of a cell may lie in its lower half
    assert np.percentile(canopy[above], 1) > -0.5
    assert np.percentile(canopy[above], 99.9) < tall
    hillshade, lit = found['lidar_hillshade']
    assert hillshade[lit].std() > 0.005
    mine, theirs = ground, on_provider_s_ground(source)
    both = known & theirs[1]
    # the provider's class 2 is no truth (bcts_1 keeps the lowest of it), but no other hill either
    assert np.median(np.abs(mine - theirs[0])[both]) < 0.2


def on_provider_s_ground(source):
    classified = open_lidar(source.files, layers=['lidar_ground'], ground='classified')[0]
    values, valid = classified.read()
    return values[0], valid[0]
