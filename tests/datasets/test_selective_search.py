"""Selective search finds what differs from its ground, whatever its size."""

import numpy as np
import pytest

from fusionls.datasets.selective_search import selective_search
from fusionls.evaluation.functional.coco import box_iou


def scene(*rectangles, side=64, noise=0.05, seed=0):
    """Layers (2, H, W) with rectangles (left, top, right, bottom) that are brighter by one."""
    layers = np.random.default_rng(seed).normal(0, noise, (2, side, side)).astype(np.float32)
    for left, top, right, bottom in rectangles:
        layers[:, top:bottom, left:right] += 1
    return layers, np.ones(layers.shape, bool)


def best_iou(boxes, wanted):
    wanted = np.array(wanted, float).reshape(-1, 4)
    return box_iou(boxes.astype(float), wanted, np.zeros(len(wanted), bool)).max(axis=0)


def test_rectangles_of_any_size_are_among_the_boxes():
    wanted = [(4, 6, 20, 16), (24, 20, 60, 58)]
    boxes = selective_search(*scene(*wanted))
    assert (best_iou(boxes, wanted) > 0.6).all()


def test_boxes_lie_within_the_tile_each_once_and_the_whole_tile_is_one():
    boxes = selective_search(*scene((10, 10, 30, 30)), least_side=6)
    assert boxes[0].tolist() == [0, 0, 64, 64]
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    assert boxes.min() >= 0
    assert boxes.max() <= 64
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= 6


def test_units_of_the_layers_do_not_matter():
    layers, valid = scene((10, 10, 30, 40))
    scale = np.array([512.0, 0.25], np.float32)[:, None, None]  # exact in floating point
    np.testing.assert_array_equal(
        selective_search(layers, valid), selective_search(layers * scale, valid)
    )


def test_what_stands_under_invalid_pixels_changes_nothing():
    layers, valid = scene((10, 10, 30, 40))
    valid[0, 40:, 40:] = False
    other = np.where(valid, layers, np.float32(np.nan))
    np.testing.assert_array_equal(selective_search(layers, valid), selective_search(other, valid))


@pytest.mark.parametrize('value', [0.0, 7.0])
def test_a_tile_without_any_contrast_is_one_box(value):
    flat = np.full((1, 32, 48), value, np.float32)
    boxes = selective_search(flat, np.ones(flat.shape, bool))
    assert boxes.tolist() == [[0, 0, 48, 32]]
