import numpy as np
import pytest

from fusionls.inference.boxes import Detections, joined


def join(boxes, scores, cut=None, overlap=0.5):
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    cut = np.zeros(len(boxes), bool) if cut is None else np.array(cut)
    return joined(Detections(boxes, np.array(scores, np.float64)), cut, overlap)


def test_of_two_that_overlap_the_surer_stays():
    found = join([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], [0.4, 0.8, 0.5])
    np.testing.assert_array_equal(found.boxes, [[1, 0, 11, 10], [50, 50, 60, 60]])
    np.testing.assert_array_equal(found.scores, [0.8, 0.5])


@pytest.mark.parametrize(('overlap', 'stay'), [(0.32, 1), (0.34, 2)])
def test_the_limit_is_one_of_iou(overlap, stay):
    assert len(join([[0, 0, 10, 10], [5, 0, 15, 10]], [0.4, 0.8], overlap=overlap).scores) == stay


def test_a_piece_gives_way_to_the_whole_however_sure_it_is():
    whole, piece = [0, 0, 40, 40], [30, 10, 40, 20]  # an IoU of 1 / 16
    found = join([piece, whole], [0.9, 0.3], cut=[True, False])
    np.testing.assert_array_equal(found.boxes, [whole])


def test_a_small_landslide_within_a_large_one_stays():
    assert len(join([[30, 10, 40, 20], [0, 0, 40, 40]], [0.9, 0.3]).scores) == 2


def test_scores_and_boxes_must_agree():
    with pytest.raises(ValueError, match='expected'):
        Detections(np.zeros((2, 4)), np.zeros(3))
