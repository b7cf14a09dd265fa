from __future__ import annotations

import numpy as np
import pytest
from rasterio.enums import ColorInterp as Interp

from fusionls.errors import BandCountError, CrsMissingError, InputError, ProductError
from fusionls.sources.optical import open_rgb

RGB = (Interp.red, Interp.green, Interp.blue)
VALUES = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)


def test_colours_come_by_name_in_counts(tmp_path, write_image):
    (source,) = open_rgb(write_image(tmp_path / 'a.tif', VALUES, colours=RGB), qualifier='post')
    assert source.layers == ('optical_red_post', 'optical_green_post', 'optical_blue_post')
    values, valid = source.read()
    assert np.array_equal(values, VALUES)
    assert valid.all()
    assert source.quantities['optical_red_post'].unit == 'digital_number'


def test_the_order_can_be_told_and_bands_skipped(tmp_path, write_image):
    path = write_image(tmp_path / 'a.tif', VALUES, colours=RGB)
    (source,) = open_rgb(path, order='bgr')
    assert source.read()[0][source.layers.index('optical_red')].tolist() == VALUES[2].tolist()
    (source,) = open_rgb(path, order='r-n')
    assert source.layers == ('optical_red', 'optical_nir')
    assert np.array_equal(source.read()[0], VALUES[[0, 2]])


@pytest.mark.parametrize('order', ['rgg', 'xyz', '---', ''])
def test_an_order_that_names_no_colours_is_refused(tmp_path, write_image, order):
    path = write_image(tmp_path / 'a.tif', VALUES, colours=RGB)
    with pytest.raises(InputError, match='expected each of the letters'):
        open_rgb(path, order=order)


def test_the_order_of_bands_without_colours_is_not_guessed(tmp_path, write_image):
    path = write_image(tmp_path / 'a.tif', VALUES.astype(np.uint16) * 100)
    with pytest.raises(ProductError, match=r'gray, undefined, undefined, .* not guessed'):
        open_rgb(path)
    with pytest.raises(BandCountError, match=r"holds 3 bands .* order 'rgbn' names 4"):
        open_rgb(path, order='rgbn')
    assert open_rgb(path, order='rgb')[0].read()[0].max() == 4700


def test_a_pixel_is_nodata_where_all_colours_are(tmp_path, write_image):
    values = np.full((3, 2, 2), 100, np.uint8)
    values[:, 0, 0] = 255
    values[0, 1, 1] = 255  # bright red, which GDAL's own mask would lose
    path = write_image(tmp_path / 'a.tif', values, colours=RGB, nodata=255)
    found, valid = open_rgb(path)[0].read()
    assert valid.tolist() == [[[False, True], [True, True]]] * 3
    assert found[0, 1, 1] == 255
    assert found[:, 0, 0].tolist() == [0, 0, 0]
    assert open_rgb(path, ignore_nodata=True)[0].read()[1].all()
    assert open_rgb(path, nodata=100)[0].read()[1].sum() == 6


def test_opacity_is_the_valid_mask(tmp_path, write_image):
    opacity = np.full((1, 4, 4), 255, np.uint8)
    opacity[0, 1, 2] = 0
    path = write_image(
        tmp_path / 'a.tif', np.concatenate([VALUES, opacity]), colours=(*RGB, Interp.alpha)
    )
    (source,) = open_rgb(path)
    assert len(source.layers) == 3
    assert np.argwhere(~source.read()[1][0]).tolist() == [[1, 2]]
    assert open_rgb(path, order='bgr')[0].record['opacity_band'] == 4


def test_a_palette_is_refused_and_so_is_an_image_without_a_place(tmp_path, write_image):
    path = write_image(tmp_path / 'p.tif', VALUES[:1], colours=(Interp.palette,))
    with pytest.raises(ProductError, match='numbers of a palette'):
        open_rgb(path)
    with pytest.raises(CrsMissingError, match='has no CRS'):
        open_rgb(write_image(tmp_path / 'n.tif', VALUES, crs=None, colours=RGB))


@pytest.mark.real_data
def test_bright_ground_of_the_rocky_mountains_is_no_hole(real_data):
    path = real_data / 'rmnp_rgb_dem' / 'rmnp-rgb.tif'
    if not path.is_file():
        pytest.skip('rmnp_rgb_dem is not among the public data sets')
    values, valid = open_rgb(path)[0].read()
    bright = valid[0] & (values == 255).any(axis=0)
    assert bright.sum() > 20  # snow and rock at full brightness in one colour or two
    assert 0.93 < valid[0].mean() < 0.95  # the collar around the image stays out
    inner = valid[0][20:-20, 20:-20]
    assert inner.mean() > 0.998
