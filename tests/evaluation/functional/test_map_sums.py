from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label, regionprops

from fusionls.errors import InputError, LabelError
from fusionls.evaluation.functional.confusion import count_pixels
from fusionls.evaluation.functional.map_sums import STRATUM, Rules, map_sums

RULES = Rules(least_pixels=3, size_edges=(20.0, 200.0), centroid_distance=3.0)


def counted(hard_case, **options):
    probability, truth = hard_case
    return map_sums(truth, probability=probability, rules=RULES, **options)


def test_pixels_of_all_sizes_and_objects_add_up_to_the_whole(hard_case):
    probability, truth = hard_case
    found = counted(hard_case, pixel_area=4.0)
    sums = found.sums
    assert sums['recall_by_size'].sum(0).tolist() == sums['objects'][[0, 2]].tolist()
    assert sums['precision_by_size'].sum(0).tolist() == sums['objects'][[0, 1]].tolist()
    number, area, number_found, area_found = sums['inventory']
    assert sums['pixels_by_size'][:, 1].sum() * 4 == area
    for side, mask, (count, total) in (
        ('true', truth == 1, (number, area)),
        ('predicted', (truth != 255) & (probability >= 0.5), (number_found, area_found)),
    ):
        regions = [r.area for r in regionprops(label(mask, connectivity=2)) if r.area >= 3]
        assert sorted(found.areas[side].elements()) == sorted(4.0 * a for a in regions)
        assert (count, total) == (len(regions), 4 * sum(regions))


def test_the_pixels_found_of_each_size_are_counted_object_by_object(hard_case):
    probability, truth = hard_case
    expected = np.zeros((3, 2))
    # specks are left out of the map too, as they are of its objects
    predicted = (truth != 255) & (probability >= 0.5)
    for region in regionprops(label(predicted, connectivity=2)):
        if region.area < 3:
            predicted[tuple(region.coords.T)] = False
    for region in regionprops(label(truth == 1, connectivity=2)):
        if region.area >= 3:
            row = expected[np.digitize(region.area, RULES.size_edges)]
            row += [predicted[tuple(region.coords.T)].sum(), region.area]
    np.testing.assert_array_equal(counted(hard_case).sums['pixels_by_size'], expected)


def test_strata_that_share_out_the_pixels_add_up_to_all_of_them(hard_case):
    _, truth = hard_case
    left = np.indices(truth.shape)[1] < 11
    sums = counted(hard_case, strata=[('left', left), ('right', ~left)]).sums
    np.testing.assert_array_equal(sums[STRATUM + 'left'] + sums[STRATUM + 'right'], sums['pixels'])
    expected = count_pixels(hard_case[0][left] >= 0.5, truth[left])
    assert sums[STRATUM + 'left'].tolist() == [expected.tp, expected.fp, expected.fn, expected.tn]


def test_what_stands_where_nobody_mapped_changes_no_sum(hard_case):
    probability, truth = hard_case
    garbage = np.where(truth == 255, np.nan, probability)
    one, other = counted((probability, truth)), counted((garbage, truth))
    assert one.areas == other.areas
    for name, value in one.sums.items():
        np.testing.assert_array_equal(other.sums[name], value, err_msg=name)


def test_a_mask_instead_of_a_probability_has_the_same_counts_and_no_curve(hard_case):
    probability, truth = hard_case
    mask = np.nan_to_num(probability) >= 0.5
    by_mask = map_sums(truth, predicted=mask, rules=RULES)
    by_probability = counted(hard_case)
    assert by_probability.sums.keys() - by_mask.sums.keys() == {
        'curve', 'reliability', 'squared_error',
    }  # fmt: skip
    for name, value in by_mask.sums.items():
        np.testing.assert_array_equal(by_probability.sums[name], value, err_msg=name)


def test_curve_and_reliability_hold_every_counted_pixel(hard_case):
    sums = counted(hard_case).sums
    assert sums['curve'].sum() == sums['reliability'][0].sum() == sums['pixels'].sum()
    assert sums['curve'][1].sum() == sums['reliability'][1].sum() == sums['pixels'][[0, 2]].sum()


def test_an_image_has_each_score_once_or_not_at_all(hard_case):
    sums = counted(hard_case).sums
    tp, fp, fn, _ = sums['pixels']
    if not sums['pixels'].sum():
        assert 'image_f1' not in sums
        return
    empty = tp + fp + fn == 0
    assert sums['image_f1'].tolist() == [
        0 if empty else 2 * tp / (2 * tp + fp + fn), not empty, empty,
    ]  # fmt: skip
    assert sums['image_recall'][1] == (tp + fn > 0)
    assert sums['image_precision'][1] == (tp + fp > 0)


def test_the_threshold_decides_what_is_predicted():
    truth = np.ones((4, 4), np.uint8)
    probability = np.full((4, 4), 0.3)
    high, low = (
        map_sums(truth, probability=probability, rules=Rules(threshold=t)).sums['pixels'][0]
        for t in (0.31, 0.3)
    )
    assert (high, low) == (0, 16)


def test_nonsense_is_refused():
    truth = np.zeros((4, 4), np.uint8)
    with pytest.raises(InputError, match='by its probability or by its predicted mask'):
        map_sums(truth)
    with pytest.raises(InputError, match='hold no probability'):
        map_sums(truth, probability=np.full((4, 4), np.nan))
    with pytest.raises(LabelError, match='truth holds 7'):
        map_sums(np.full((4, 4), 7), probability=np.zeros((4, 4)))
    for options in ({'size_edges': (5.0, 2.0)}, {'size_edges': ()}, {'threshold': 0.0}):
        with pytest.raises(InputError, match='size_edges must ascend'):
            Rules(**options)
