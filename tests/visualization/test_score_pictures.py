from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread

from fusionls.errors import InputError
from fusionls.evaluation.functional.map_sums import map_sums
from fusionls.visualization import draw_precision_recall, draw_reliability

DRAWINGS = [draw_precision_recall, draw_reliability]
BLUE = np.array([0x0B, 0x5F, 0xA5]) / 255


def sums_of(skill, shape=(60, 60)):
    rng = np.random.default_rng(0)
    truth = (rng.random(shape) < 0.2).astype(np.uint8)
    odds = skill * (2.0 * truth - 1) + rng.normal(size=shape) - 1
    return map_sums(truth, probability=1 / (1 + np.exp(-odds))).sums


def blue_places(path, top=True):
    """Rows and columns of blue pixels, as shares of the picture, in its upper left axes."""
    image = imread(path)[..., :3]
    rows, cols = np.nonzero(np.abs(image - BLUE).max(axis=-1) < 0.05)
    return rows / image.shape[0], cols / image.shape[1]


@pytest.mark.parametrize('draw', DRAWINGS)
def test_the_picture_changes_with_what_was_found(draw, tmp_path):
    poor, good = (draw(sums_of(s), tmp_path / f'{s}.png').read_bytes() for s in (0.2, 2.0))
    assert poor != good
    assert draw(sums_of(0.2), tmp_path / 'again.png').read_bytes() == poor


def test_the_curve_of_a_better_map_runs_higher(tmp_path):
    heights = []
    for skill in (0.1, 3.0):
        rows, cols = blue_places(draw_precision_recall(sums_of(skill), tmp_path / 'x.png'))
        left = (cols > 0.1) & (cols < 0.35)
        heights.append(rows[left].mean())
    assert heights[1] < heights[0] - 0.2  # rows count downward


def test_a_perfectly_calibrated_map_lies_on_the_diagonal(tmp_path):
    probability = np.repeat(np.linspace(0.05, 0.95, 10), 1000).reshape(100, 100)
    truth = np.tile(np.arange(1000) / 1000, 10).reshape(100, 100) < probability
    sums = map_sums(truth, probability=probability).sums
    orange = np.array([0xD9, 0x5F, 0x02]) / 255 * 0.5 + 0.5  # gaps are half transparent

    def gaps(path):
        image = imread(path)[..., :3]
        return np.count_nonzero(np.abs(image - orange).max(axis=-1) < 0.05)

    right = gaps(draw_reliability(sums, tmp_path / 'right.png'))
    wrong = gaps(draw_reliability(sums_of(2.0), tmp_path / 'wrong.png'))
    assert right < 0.2 * wrong


@pytest.mark.parametrize('draw', DRAWINGS)
def test_maps_without_a_landslide_or_without_a_pixel_can_be_drawn(draw, tmp_path):
    for truth in (np.zeros((9, 9), np.uint8), np.full((9, 9), 255, np.uint8)):
        sums = map_sums(truth, probability=np.full((9, 9), 0.2)).sums
        assert draw(sums, tmp_path / 'x.png').stat().st_size > 5000


@pytest.mark.parametrize('draw', DRAWINGS)
def test_labels_without_probabilities_are_refused_by_name(draw, tmp_path):
    sums = map_sums(np.zeros((9, 9), np.uint8), predicted=np.zeros((9, 9), bool)).sums
    with pytest.raises(InputError, match='labels and no probabilities'):
        draw(sums, tmp_path / 'x.png')
    with pytest.raises(InputError, match=r'name it \.png'):
        draw(sums_of(1.0), tmp_path / 'x.pdf')
    assert not list(tmp_path.iterdir())
