from __future__ import annotations

import numpy as np
import pyproj
import pytest
from matplotlib.image import imread

from fusionls.errors import InputError, LayerUnknownError
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import write_geotiff
from fusionls.inventory import make_inventory
from fusionls.stack.store import ModalityArrays, write_stack
from fusionls.visualization import draw_panels
from fusionls.visualization.drawing import NO_DATA, PREDICTION, TRUTH

ROWS, COLS = 48, 64
GRID = Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4000000.0, 10.0, 10.0, ROWS, COLS)


def stack_of(folder, labels=None, simulated=False, overwrite=False):
    rng = np.random.default_rng(0)
    seen = np.ones((ROWS, COLS), bool)
    seen[:, :20] = False
    everywhere = np.ones((ROWS, COLS), bool)
    return write_stack(
        folder,
        GRID,
        {
            'optical': ModalityArrays(
                rng.random((3, ROWS, COLS)), seen, ['optical_red', 'optical_green', 'optical_blue']
            ),
            'terrain': ModalityArrays(rng.random((1, ROWS, COLS)), everywhere, ['terrain_slope']),
            'thermal': ModalityArrays(
                np.full((1, ROWS // 4, COLS // 4), 200.0),
                everywhere[::4, ::4],
                ['thermal_inertia'],
                4,
            ),
        },
        labels=labels,
        name='scene',
        simulated=simulated,
        overwrite=overwrite,
    )


@pytest.fixture
def labels():
    labels = np.zeros((ROWS, COLS), np.uint8)
    labels[10:30, 30:50] = 1
    return labels


def share_of(path, colour):
    """Share of the picture that has a colour, to within a few counts."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.mean(np.abs(imread(path)[..., :3] - wanted).max(axis=-1) < 0.02)


def test_holes_are_grey_and_nothing_else_is_drawn_without_truth(tmp_path):
    stack = stack_of(tmp_path / 's')
    path = draw_panels(stack, tmp_path / 'x.png', panels=['optical'], max_side=300)
    assert share_of(path, NO_DATA) > 0.1
    assert share_of(path, TRUTH) == share_of(path, PREDICTION) == 0


def test_truth_and_prediction_are_outlined_in_their_colours(tmp_path, labels):
    stack = stack_of(tmp_path / 's', labels)
    write_geotiff(tmp_path / 'p.tif', GRID, ['landslide_probability'], labels[None] * 0.9)
    inventory = make_inventory(tmp_path / 'p.tif', tmp_path / 'x.gpkg')
    for given in (inventory, tmp_path / 'x.gpkg'):
        truth = draw_panels(stack, tmp_path / 't.png', panels=['truth'], max_side=300)
        assert share_of(truth, TRUTH) > 0.001
        assert share_of(truth, PREDICTION) == 0
        both = draw_panels(
            stack, tmp_path / 'b.png', inventory=given, panels=['prediction'], max_side=300
        )
        assert share_of(both, PREDICTION) > 0.001


def test_a_landslide_of_several_parts_is_outlined_part_by_part(tmp_path):
    stack = stack_of(tmp_path / 's')

    def outlined(*corners):
        values = np.zeros((1, ROWS, COLS), np.float32)
        for row, col in corners:
            values[0, row : row + 10, col : col + 10] = 1
        write_geotiff(tmp_path / 'p.tif', GRID, ['landslide_probability'], values)
        frame = make_inventory(tmp_path / 'p.tif', tmp_path / 'x.gpkg')
        assert len(frame) == 1  # parts that touch by a corner
        path = draw_panels(
            stack, tmp_path / 'x.png', inventory=frame, panels=['prediction'], max_side=300
        )
        return share_of(path, PREDICTION)

    assert outlined((5, 25), (15, 35)) > 1.5 * outlined((5, 25))


def test_everything_a_scene_has_is_drawn_by_default(tmp_path, labels):
    stack = stack_of(tmp_path / 's', labels)
    write_geotiff(tmp_path / 'p.tif', GRID, ['landslide_probability'], labels[None] * 0.9)
    one = draw_panels(stack, tmp_path / '1.png', panels=['optical'], max_side=200)
    every = draw_panels(
        stack, tmp_path / '4.png', probability=tmp_path / 'p.tif', columns=4, max_side=200
    )
    named = draw_panels(
        stack,
        tmp_path / 'n.png',
        probability=tmp_path / 'p.tif',
        panels=['optical', 'thermal_inertia', 'truth', 'probability'],
        columns=4,
        max_side=200,
    )
    assert imread(every).shape[1] > 3 * imread(one).shape[1] * 0.8
    assert every.read_bytes() == named.read_bytes()


def test_a_simulated_scene_says_so_in_its_picture(tmp_path, labels):
    real = draw_panels(stack_of(tmp_path / 's'), tmp_path / 'r.png', max_side=200)
    made_up = draw_panels(
        stack_of(tmp_path / 's', simulated=True, overwrite=True), tmp_path / 's.png', max_side=200
    )
    named = draw_panels(
        stack_of(tmp_path / 's', overwrite=True),
        tmp_path / 'n.png',
        max_side=200,
        title='scene (simulated)',
    )
    assert made_up.read_bytes() != real.read_bytes()
    assert made_up.read_bytes() == named.read_bytes()


def test_any_layer_can_be_a_panel_and_an_unknown_one_is_named(tmp_path):
    stack = stack_of(tmp_path / 's')
    draw_panels(stack, tmp_path / 'x.png', panels=['terrain_slope'], max_side=200)
    with pytest.raises(LayerUnknownError, match=r"no panel 'terrain_slop'.*terrain_slope"):
        draw_panels(stack, tmp_path / 'y.png', panels=['terrain_slop'])
    with pytest.raises(LayerUnknownError, match="no panel 'velocity'"):
        draw_panels(stack, tmp_path / 'y.png', panels=['velocity'])
    with pytest.raises(InputError, match=r'name it \.png'):
        draw_panels(stack, tmp_path / 'y.jpg')
    assert not (tmp_path / 'y.png').exists()


def test_a_large_scene_is_averaged_down_to_the_asked_size(tmp_path):
    stack = stack_of(tmp_path / 's')
    small = imread(draw_panels(stack, tmp_path / 'x.png', panels=['optical'], max_side=400))
    assert max(small.shape) < 2 * 400


def test_truth_of_a_scene_without_ground_to_show_is_outlined_alone(tmp_path, labels):
    valid = np.zeros((ROWS, COLS), bool)
    valid[::5, ::5] = True  # points
    velocity = ModalityArrays(np.full((1, ROWS, COLS), 0.01), valid, ['insar_velocity_los'])
    stack = write_stack(tmp_path / 'stack', GRID, {'insar': velocity}, labels=labels, name='points')
    out = draw_panels(stack, tmp_path / 'a.png', panels=['velocity', 'truth'])
    assert share_of(out, TRUTH) > 0.001
    assert share_of(out, NO_DATA) > 0.5
