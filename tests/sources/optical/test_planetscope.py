from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import InputError, ProductError
from fusionls.sources.optical import open_planetscope

SCENE = '20220801_052209_77_2465_3B'
COUNTS = np.stack([np.full((5, 5), 300 * number, np.uint16) for number in range(1, 9)])
XML = """<?xml version="1.0" encoding="UTF-8"?>
<ps:EarthObservation xmlns:gml="http://www.opengis.net/gml"
 xmlns:ps="http://schemas.planet.com/ps/v1/planet_product_metadata_geocorrected_level">
 <gml:resultOf><ps:EarthObservationResult>{bands}
 </ps:EarthObservationResult></gml:resultOf></ps:EarthObservation>"""
BAND = """<ps:bandSpecificMetadata><ps:bandNumber>{0}</ps:bandNumber>
 <ps:radiometricScaleFactor>0.01</ps:radiometricScaleFactor>
 <ps:reflectanceCoefficient>{0}e-05</ps:reflectanceCoefficient></ps:bandSpecificMetadata>"""


@pytest.fixture
def image(tmp_path, write_image):
    """Writes an image of 5 x 5 pixels of 3 m with its UDM2, all clear."""

    def write(asset='AnalyticMS_SR_8b_harmonized_clip', count=8, udm2=None, names=None):
        mask = np.zeros((8, 5, 5), np.uint8)
        mask[0] = 1
        mask = mask if udm2 is None else udm2
        if mask is not False:
            write_image(tmp_path / f'{SCENE}_udm2_clip.tif', mask, 3)
        return write_image(
            tmp_path / f'{SCENE}_{asset}.tif', COUNTS[:count], 3, names=names, nodata=0
        )

    return write


@pytest.mark.parametrize(('count', 'red', 'nir'), [(4, 3, 4), (8, 6, 8)])
def test_surface_reflectance_is_count_over_10000_in_planets_order(image, count, red, nir):
    source, clear = open_planetscope(image('AnalyticMS_SR', count))
    values, valid = source.read()
    for layer, number in (('optical_red', red), ('optical_nir', nir)):
        assert values[source.layers.index(layer)] == pytest.approx(np.full((5, 5), 0.03 * number))
    assert valid.all()
    assert clear.read()[1].all()
    assert source.record['date'] == '2022-08-01'
    assert len(source.layers) == count
    assert source.quantities['optical_red'].unit == '1'


@pytest.mark.parametrize(
    ('band', 'seen'), [(0, True), (1, True), (2, False), (3, False), (4, False), (5, False)]
)
def test_clear_ground_and_snow_are_valid_shadow_haze_and_cloud_are_not(image, band, seen):
    mask = np.zeros((8, 5, 5), np.uint8)
    mask[0] = 1
    mask[:6, 1, 2] = np.arange(6) == band
    source, clear = open_planetscope(image(udm2=mask))
    assert clear.read()[1][0, 1, 2] == source.read()[1][:, 1, 2].all() == seen
    _, thin = open_planetscope(image(udm2=mask), seen=['clear', 'light_haze'])
    assert thin.read()[1][0, 1, 2] == (band in (0, 3))


def test_no_data_is_invalid(image, write_image):
    path = image()
    counts = COUNTS.copy()
    counts[:, 0, 0] = 0
    write_image(path, counts, 3)
    assert np.argwhere(~open_planetscope(path)[0].read()[1].any(axis=0)).tolist() == [[0, 0]]


def test_radiance_becomes_reflectance_by_the_coefficients_of_the_xml(image):
    path = image('AnalyticMS', 4)
    with pytest.raises(ProductError, match='no XML beside it gives the reflectance coefficients'):
        open_planetscope(path)
    bands = ''.join(BAND.format(number) for number in (1, 2, 3, 4))
    xml = path.with_name(f'{SCENE}_AnalyticMS_metadata.xml')
    xml.write_text(XML.format(bands=bands))
    source, _ = open_planetscope(path)
    for index, number in enumerate((1, 2, 3, 4)):
        assert source.read()[0][index, 0, 0] == pytest.approx(300 * number * number * 1e-5)
    assert xml in source.files
    xml.write_text(XML.format(bands=''.join(BAND.format(number) for number in (1, 3))))
    with pytest.raises(
        ProductError, match=r'no .*coefficient for green \(band 2\), nir \(band 4\)'
    ):
        open_planetscope(path)
    xml.write_text(XML.format(bands=BAND.format('one')))
    with pytest.raises(ProductError, match='are no numbers'):
        open_planetscope(path)
    xml.write_text('<ps:')
    with pytest.raises(ProductError, match='is no readable XML'):
        open_planetscope(path)
    assert open_planetscope(path, scale=0.0001)[0].read()[0][0, 0, 0] == pytest.approx(0.03)


def test_names_in_the_file_go_before_the_usual_order(image):
    source, _ = open_planetscope(image(count=4, names=['Red', 'Green', 'Blue', 'NIR']))
    assert source.read()[0][source.layers.index('optical_red'), 0, 0] == pytest.approx(0.03)
    with pytest.raises(ProductError, match=r"band 1 is called 'b1'(.|\n)*red comes twice"):
        open_planetscope(image(count=4, names=['b1', 'red', 'red', 'nir']))


def test_images_of_other_kinds_are_refused(image):
    with pytest.raises(
        ProductError, match=r'holds 3 bands without names; expected 4 .* product: rgb'
    ):
        open_planetscope(image('Visual', 3))


def test_udm2_is_asked_for_where_it_is_missing_or_is_the_old_udm(image, tmp_path, write_image):
    path = image(udm2=False)
    with pytest.raises(ProductError, match=r'no UDM2 .* or say clouds: keep'):
        open_planetscope(path)
    assert len(open_planetscope(path, clouds='keep')) == 1
    old = write_image(tmp_path / 'udm.tif', np.zeros((5, 5), np.uint8), 3)
    with pytest.raises(ProductError, match='holds 1 bands; expected a UDM2 of 8'):
        open_planetscope(path, udm2=old)
    with pytest.raises(InputError, match='expected some of clear, snow'):
        open_planetscope(path, seen=['sunny'])
