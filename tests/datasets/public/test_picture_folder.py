"""Folders of pictures and masks: names, bands, alpha and codes as they are told."""

import numpy as np
import pytest
import rasterio

from fusionls.datasets import PictureFolderDataset
from fusionls.datasets.transforms import LoadTile
from fusionls.testing.layouts import write_picture, write_picture_folder

BANDS = {'optical': {'optical_red': 1, 'optical_green': 2, 'optical_blue': 3}}
OPTIONS = {
    'bands': BANDS,
    'layers': {'optical': ['optical_red']},
    'codes': {0: 0, 255: 1},
    'prefixes': ('image_', 'mask_'),
}


def test_white_is_a_landslide_where_the_codes_say_so(tmp_path):
    write_picture_folder(tmp_path)
    data = PictureFolderDataset(root=tmp_path, **OPTIONS)
    for scene, _ in data.scenes:
        with rasterio.open(scene.mask) as dataset:
            np.testing.assert_array_equal(scene.load_labels() == 1, dataset.read(1) == 255)


def test_transparent_pixels_are_invalid(tmp_path):
    picture = np.full((4, 6, 7), 200, np.uint8)
    picture[3, 2, 3] = 0
    write_picture(tmp_path / 'images/a.png', picture)
    write_picture(tmp_path / 'masks/a.png', np.zeros((6, 7), np.uint8))
    data = PictureFolderDataset(root=tmp_path, **{**OPTIONS, 'nodata': None})
    values, valid = data.scenes[0][0].load(['optical'])['optical']
    assert np.argwhere(~valid).tolist() == [[2, 3]]
    assert (values[:, 2, 3] == 0).all()


def test_a_given_value_is_invalid(tmp_path):
    picture = np.full((3, 6, 7), 200, np.uint8)
    picture[:, 1, 1] = 9
    write_picture(tmp_path / 'images/a.tif', picture)
    write_picture(tmp_path / 'masks/a.tif', np.zeros((6, 7), np.uint8))
    data = PictureFolderDataset(root=tmp_path, nodata=9, **OPTIONS)
    _, valid = data.scenes[0][0].load(['optical'])['optical']
    assert np.argwhere(~valid).tolist() == [[1, 1]]


@pytest.mark.real_data
def test_the_real_pictures_of_landslide4sense_are_read(real_data):
    root = real_data / 'landslide4sense_rgb_png'
    if not root.is_dir():
        pytest.skip('no landslide4sense_rgb_png among the public data sets')
    data = PictureFolderDataset(root=root, pixel=10.0, pipeline=[LoadTile()], **OPTIONS)
    assert len(data) == 80
    shares = [info['landslide'] for info in map(data.get_data_info, range(80))]
    assert np.mean(shares) == pytest.approx(0.040, abs=5e-4)
    assert min(shares) > 0
    results = data[0]
    assert results['inputs']['optical'][0].shape == (3, 128, 128)
    assert results['inputs']['optical'][1].all()
    assert results['pixels'] == {'optical': 10.0}
