import numpy as np
import pytest

from fusionls.evaluation.functional.strata import class_names, presence_strata, slope_strata


def test_every_pixel_is_in_one_class_of_slope_and_edges_belong_to_the_steeper():
    slope = np.array([[0.0, 9.99, 10.0, 39.0, 40.0, 90.0, np.nan]])
    valid = np.array([[True] * 6 + [False]])
    found = dict(slope_strata(slope, valid))
    assert list(found['slope 0 to 10 degrees'][0].nonzero()[0]) == [0, 1]
    assert list(found['slope 10 to 20 degrees'][0].nonzero()[0]) == [2]
    assert 'slope 20 to 30 degrees' not in found
    assert list(found['slope 30 to 40 degrees'][0].nonzero()[0]) == [3]
    assert list(found['slope >= 40 degrees'][0].nonzero()[0]) == [4, 5]
    assert list(found['slope unknown'][0].nonzero()[0]) == [6]
    np.testing.assert_array_equal(sum(mask.astype(int) for mask in found.values()), 1)


def test_pixels_are_told_apart_by_the_set_of_sensors_that_see_them():
    valid = {
        'terrain': np.array([[True, True, False, False]]),
        'optical': np.array([[True, False, True, False]]),
    }
    found = {name: mask[0].tolist() for name, mask in presence_strata(valid)}
    assert found == {
        'seen by optical + terrain': [True, False, False, False],
        'seen by terrain': [False, True, False, False],
        'seen by optical': [False, False, True, False],
        'seen by nothing': [False, False, False, True],
    }
    assert list(presence_strata({})) == []


@pytest.mark.parametrize('edges', [(10.0,), (1.0, 2.0, 3.5)])
def test_there_is_one_class_more_than_edges(edges):
    names = class_names(edges, 'm2')
    assert len(names) == len(set(names)) == len(edges) + 1
    assert names[0] == f'0 to {edges[0]:g} m2'
    assert names[-1] == f'>= {edges[-1]:g} m2'
