"""Boxes over a scene: the same landslides come back whatever the windows."""

import numpy as np
import pyproj
import pytest
from scipy import ndimage

from fusionls.errors import InputError, LayerMissingError
from fusionls.geo.grid import Grid
from fusionls.inference.box_scene import detect_scene
from fusionls.inference.boxes import Detections
from fusionls.stack.store import ModalityArrays, write_stack

SHAPE = (96, 112)
TRUE = [[10, 20, 30, 44], [40, 28, 70, 40], [60, 60, 64, 64], [90, 70, 112, 96]]
"""Bright rectangles, the last in the corner of the scene."""


@pytest.fixture
def stack(tmp_path):
    values = np.zeros((1, *SHAPE))
    for left, top, right, bottom in TRUE:
        values[0, top:bottom, left:right] = 1
    valid = np.ones(SHAPE, bool)
    valid[:16, :16] = False
    grid = Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4000000.0, 10.0, 10.0, *SHAPE)
    velocity = ModalityArrays(
        np.zeros((1, 24, 28)), np.ones((24, 28), bool), ['insar_coherence'], 4
    )
    optical = ModalityArrays(values, valid, ['optical_red'])
    return write_stack(tmp_path / 'scene', grid, {'optical': optical, 'insar': velocity})


def bright(batch):
    """The box of every bright area of a window, as sure as it is large; of pieces too."""
    found = []
    for window in batch['optical'][0][:, 0]:
        labels, _ = ndimage.label(window)
        boxes = [
            (cols.start, rows.start, cols.stop, rows.stop)
            for rows, cols in ndimage.find_objects(labels)
        ]
        boxes = np.array(boxes, np.float64).reshape(-1, 4)
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        found.append(Detections(boxes, areas / 1000))
    return found


@pytest.mark.parametrize(
    ('window', 'overlap', 'batch_size'), [(48, 32, 1), (48, 36, 4), (64, 32, 3), (128, 0, 4)]
)
def test_landslides_smaller_than_the_overlap_are_found_once(stack, window, overlap, batch_size):
    found = detect_scene(stack, bright, window=window, overlap=overlap, batch_size=batch_size)
    assert sorted(found.boxes.tolist()) == sorted(TRUE)
    assert (np.diff(found.scores) <= 0).all()


def test_a_box_that_leaves_the_scene_is_cut_back_to_it(stack):
    def wide(batch):
        return [Detections(np.array([[100.0, 80, 150, 150], [300, 0, 310, 9]]), np.ones(2))]

    found = detect_scene(stack, wide, window=128, overlap=0)
    np.testing.assert_array_equal(found.boxes, [[100, 80, 112, 96]])


def test_windows_without_a_valid_pixel_are_never_shown(stack):
    shown = []

    def counting(batch):
        shown.append(len(batch['optical'][0]))
        return bright(batch)

    detect_scene(stack, counting, window=16, overlap=0, modalities=['optical'])
    assert sum(shown) == 6 * 7 - 1


def test_progress_ends_with_all_windows(stack):
    told = []
    detect_scene(stack, bright, window=48, overlap=16, progress=lambda *done: told.append(done))
    assert told[-1] == (9, 9)
    assert [done for done, _ in told] == [3, 6, 9]


def test_what_cannot_be_read_is_refused(stack):
    with pytest.raises(InputError, match='batch_size=0'):
        detect_scene(stack, bright, batch_size=0)
    with pytest.raises(LayerMissingError, match="no modality 'lidar'"):
        detect_scene(stack, bright, modalities=['lidar'])
