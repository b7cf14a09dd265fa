"""HR-GLDD: bands in the order that is said, with a doubt where the numbers say otherwise."""

import warnings

import numpy as np
import pytest

from fusionls.datasets import HrGlddDataset
from fusionls.datasets.public.hr_gldd import find_hr_gldd, likely_order
from fusionls.errors import DataSetWarning, InputError
from fusionls.testing.layouts import write_hr_gldd

BANDS = ('red', 'green', 'blue', 'nir')
LAYERS = {'optical': [f'optical_{band}_scaled' for band in BANDS]}


def by_name(tile):
    values, _ = tile.load(['optical'])['optical']
    return dict(zip(tile.modalities['optical'].layers, values, strict=True))


@pytest.mark.parametrize('order', ['rgbn', 'bgrn'])
def test_a_layer_holds_its_band_whichever_order_the_arrays_have(tmp_path, order):
    write_hr_gldd(tmp_path / 'as_told', order=order)
    write_hr_gldd(tmp_path / 'reference')
    told, reference = (
        find_hr_gldd(tmp_path / name, order_)
        for name, order_ in (('as_told', order), ('reference', 'rgbn'))
    )
    for tile, other in zip(told.tiles, reference.tiles, strict=True):
        ours, theirs = by_name(tile), by_name(other)
        for band in LAYERS['optical']:
            np.testing.assert_array_equal(ours[band], theirs[band])


def test_an_order_that_the_contrast_of_landslides_speaks_against_is_doubted(tmp_path):
    write_hr_gldd(tmp_path, order='bgrn')
    options = {'root': tmp_path, 'layers': LAYERS, 'split': 'train'}
    with pytest.warns(DataSetWarning, match=r'trainX\.npy: the bands look like bgrn, not rgbn'):
        HrGlddDataset(**options)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        HrGlddDataset(**options, order='bgrn')


@pytest.mark.parametrize('scale', [np.array([1, 1, 1, 1]), np.array([9, 1, 0.1, 3])])
def test_the_check_does_not_depend_on_the_scale_of_a_band(tmp_path, scale):
    write_hr_gldd(tmp_path)
    values = np.load(tmp_path / 'trainX.npy')
    np.save(tmp_path / 'scaled.npy', values * scale)
    assert likely_order(tmp_path / 'scaled.npy', tmp_path / 'trainY.npy')[0] == 'rgbn'


def test_nothing_is_said_where_red_and_blue_stand_out_alike(tmp_path):
    write_hr_gldd(tmp_path)
    values = np.load(tmp_path / 'trainX.npy')
    values[..., 2] = values[..., 0]
    np.save(tmp_path / 'alike.npy', values)
    assert likely_order(tmp_path / 'alike.npy', tmp_path / 'trainY.npy')[0] is None
    np.save(tmp_path / 'none.npy', np.zeros(values.shape[:3]))
    assert likely_order(tmp_path / 'trainX.npy', tmp_path / 'none.npy')[0] is None


def test_splits_are_the_arrays(tmp_path):
    write_hr_gldd(tmp_path, count=3)
    data = HrGlddDataset(root=tmp_path, layers=LAYERS, split='test')
    assert [scene.name for scene, _ in data.scenes] == [f'test/{i:04d}' for i in range(3)]


def test_masks_without_a_last_axis_are_read_too(tmp_path):
    write_hr_gldd(tmp_path)
    masks = np.load(tmp_path / 'valY.npy')
    np.save(tmp_path / 'valY.npy', masks[..., 0].astype(bool))
    data = HrGlddDataset(root=tmp_path, layers=LAYERS, split='val')
    np.testing.assert_array_equal(data.scenes[1][0].load_labels(), masks[1, ..., 0])


def test_an_unknown_order_is_refused():
    with pytest.raises(InputError, match="order 'rgb': did you mean rgbn"):
        HrGlddDataset(root='.', layers=LAYERS, order='rgb')
