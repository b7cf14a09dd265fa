"""What a mapper could not know does not count: closed forms of squares and discs."""

import geopandas
import numpy as np
import pytest
import shapely

from fusionls.datasets.mapped_scene import BLOCK, MappedScene
from fusionls.errors import InputError
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.sources.mapped_landslides import MappedLandslides
from fusionls.stack.store import ModalityArrays, write_stack

PIXEL, SIDE = 2.0, 300
WEST, NORTH = 500_000.0, 4_000_000.0


@pytest.fixture(scope='module')
def stack(tmp_path_factory):
    import pyproj

    from fusionls.geo.grid import Grid

    grid = Grid(pyproj.CRS(32617), WEST, NORTH, PIXEL, PIXEL, SIDE, SIDE)
    flat = np.zeros((1, SIDE, SIDE), np.float32)
    return write_stack(
        tmp_path_factory.mktemp('stacks') / 'flat',
        grid,
        {'terrain': ModalityArrays(flat, flat[0] == 0, ['terrain_slope'])},
    )


def at(east, north):
    return WEST + east, NORTH - north


def box(left, top, right, bottom):
    """A box in metres from the upper left corner of the scene."""
    return shapely.box(WEST + left, NORTH - bottom, WEST + right, NORTH - top)


def scene_of(stack, *shapes, **options):
    frame = geopandas.GeoDataFrame(geometry=list(shapes), crs=stack.grid.crs)
    return MappedScene(stack, MappedLandslides(frame), **options)


def distances(stack, shape):
    """Signed metres from each pixel centre to an outline, negative inside: by shapely alone."""
    centres = (np.arange(SIDE) + 0.5) * PIXEL
    points = shapely.points(*np.meshgrid(WEST + centres, NORTH - centres))
    away = shapely.distance(points, shapely.boundary(shape))
    return np.where(shapely.contains(shape, points), -away, away)


WHOLE = Window(0, 0, SIDE, SIDE)


@pytest.mark.parametrize('band', [0.0, 3.0, 7.5])
@pytest.mark.parametrize(
    'shape',
    [
        box(100, 120, 300, 260),
        shapely.Point(at(300, 300)).buffer(111, quad_segs=64),
        shapely.Polygon(
            [at(50, 50), at(550, 90), at(70, 500)], [[at(120, 120), at(200, 130), at(130, 200)]]
        ),
    ],
    ids=['square', 'disc', 'triangle with a hole'],
)
def test_pixels_within_the_band_do_not_count_and_no_others(stack, shape, band):
    labels = scene_of(stack, shape, edge_band=band).read_labels(WHOLE)
    away = distances(stack, shape)
    sure = np.abs(np.abs(away) - band) > 0.01 * max(band, 1)  # a buffer's arcs are polygons
    expected = np.where(np.abs(away) < band, 255, (away < 0).astype(int))
    assert sure.mean() > 0.98
    np.testing.assert_array_equal(labels[sure], expected[sure])


def test_the_line_between_two_that_touch_is_certain(stack):
    left, right = box(100, 100, 200, 200), box(200, 100, 300, 200)
    two = scene_of(stack, left, right, edge_band=8.0).read_labels(WHOLE)
    one = scene_of(stack, box(100, 100, 300, 200), edge_band=8.0).read_labels(WHOLE)
    np.testing.assert_array_equal(two, one)
    assert (two == 1).any()


def test_small_landslides_do_not_count_but_where_a_large_one_lies(stack):
    large, small, beside = box(100, 100, 200, 200), box(190, 190, 210, 210), box(400, 400, 410, 410)
    labels = scene_of(stack, large, small, beside, least_area=500.0).read_labels(WHOLE)
    assert (labels[50:100, 50:100] == 1).all()
    assert (labels[100:105, 100:105] == 255).all()  # of the small one, outside of the large
    assert (labels[200:205, 200:205] == 255).all()
    assert (labels == 1).sum() == 50 * 50
    assert (labels == 255).sum() == 3 * 25 + 25


def test_the_limit_of_size_is_in_square_metres(stack):
    shape = box(400, 400, 410, 410)
    assert (scene_of(stack, shape, least_area=100.0).read_labels(WHOLE) == 1).sum() == 25
    assert (scene_of(stack, shape, least_area=100.1).read_labels(WHOLE) == 1).sum() == 0


@pytest.mark.parametrize('window', [Window(-20, 250, 64, 80), Window(200, 230, 90, 60), WHOLE])
def test_any_window_reads_what_the_whole_reads_and_nothing_is_known_outside(stack, window):
    assert BLOCK < SIDE  # windows lie across blocks
    rng = np.random.default_rng(0)
    shapes = [box(x, y, x + 40, y + 25) for x, y in rng.uniform(0, 560, (60, 2))]
    scene = scene_of(stack, *shapes, edge_band=4.0, least_area=900.0)
    framed = np.full((SIDE + 200, SIDE + 200), 255, np.uint8)
    framed[100:-100, 100:-100] = scene._draw(WHOLE)
    rows = slice(window.row + 100, window.row + 100 + window.height)
    cols = slice(window.col + 100, window.col + 100 + window.width)
    np.testing.assert_array_equal(scene.read_labels(window), framed[rows, cols])
    np.testing.assert_array_equal(scene.read_labels(window), framed[rows, cols])  # kept, too


def test_where_nobody_has_looked_nothing_is_known(tmp_path, stack):
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[:, 150:] = 255
    seen = write_stack(
        tmp_path / 'half',
        stack.grid,
        {
            'terrain': ModalityArrays(
                np.zeros((1, SIDE, SIDE), np.float32),
                np.ones((SIDE, SIDE), bool),
                {'terrain_slope': layer_spec('terrain_slope').quantity},
            )
        },
        labels=labels,
    )
    scene = scene_of(seen, box(200, 200, 400, 300))
    drawn = scene.read_labels(WHOLE)
    assert (drawn[:, 150:] == 255).all()
    assert (drawn[100:150, 100:150] == 1).all()
    masks, _ = scene.read_instances(WHOLE)
    assert masks.sum() == 50 * 50


def test_instances_overlap_where_polygons_do_and_keep_their_edges(stack):
    shapes = box(100, 100, 200, 200), box(150, 150, 250, 250), box(400, 400, 410, 410)
    scene = scene_of(stack, *shapes, edge_band=6.0, least_area=500.0)
    masks, ignored = scene.read_instances(WHOLE)
    assert masks.sum((1, 2)).tolist() == [2500, 2500, 25]
    assert (masks[0] & masks[1]).sum() == 25 * 25
    assert ignored.tolist() == [False, False, True]
    part, _ = scene.read_instances(Window(90, 90, 20, 20))
    np.testing.assert_array_equal(part, masks[:2, 90:110, 90:110])
    nothing, ignored = scene.read_instances(Window(250, 0, 20, 20))
    assert nothing.shape == (0, 20, 20)
    assert ignored.shape == (0,)


def test_a_landslide_smaller_than_a_pixel_is_an_instance(stack):
    masks, _ = scene_of(stack, box(100.2, 100.2, 100.6, 100.6)).read_instances(WHOLE)
    assert np.argwhere(masks).tolist() == [[0, 50, 50]]


def test_all_negative_numbers_are_named(stack):
    with pytest.raises(InputError) as caught:
        scene_of(stack, edge_band=-1.0, least_area=-2.0)
    assert 'edge_band is -1.0' in str(caught.value)
    assert 'least_area is -2.0' in str(caught.value)


def test_the_rest_is_that_of_the_stack(stack):
    scene = scene_of(stack, box(0, 0, 10, 10))
    assert (scene.name, scene.grid, scene.simulated) == ('flat', stack.grid, False)
    assert scene.modalities is stack.modalities
    values, valid = scene.read(Window(0, 0, 8, 8))['terrain']
    assert values.shape == (1, 8, 8)
    assert valid.all()
