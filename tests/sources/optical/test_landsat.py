from __future__ import annotations

import math

import numpy as np
import pytest

from fusionls.errors import FileMissingError, InputError, ProductError
from fusionls.sources.optical import open_landsat

SCENE = {
    'LC08': 'LC08_L2SP_195027_20200801_20200914_02_T1',
    'LE07': 'LE07_L2SP_195027_20010801_20200917_02_T1',
}
LEVEL_1 = 'LC09_L1TP_195027_20220801_20220802_02_T1'
COUNTS = (np.arange(36, dtype=np.uint16) * 100 + 8000).reshape(6, 6)
MTL = """GROUP = LANDSAT_METADATA_FILE
  GROUP = IMAGE_ATTRIBUTES
    SPACECRAFT_ID = "LANDSAT_9"
    SUN_ELEVATION = 30.0
  END_GROUP = IMAGE_ATTRIBUTES
  GROUP = LEVEL2_SURFACE_REFLECTANCE_PARAMETERS
    REFLECTANCE_MULT_BAND_4 = 2.75e-05
    REFLECTANCE_ADD_BAND_4 = -0.2
  END_GROUP = LEVEL2_SURFACE_REFLECTANCE_PARAMETERS
  GROUP = LEVEL1_RADIOMETRIC_RESCALING
    RADIANCE_MULT_BAND_4 = 9.9E-03
    REFLECTANCE_MULT_BAND_4 = 2.0000E-05
    REFLECTANCE_MULT_BAND_8 = 2.0000E-05
    REFLECTANCE_ADD_BAND_4 = -0.100000
    REFLECTANCE_ADD_BAND_8 = -0.100000
  END_GROUP = LEVEL1_RADIOMETRIC_RESCALING
END_GROUP = LANDSAT_METADATA_FILE
END
"""


@pytest.fixture
def scene(tmp_path, write_image):
    """Writes the band files of a scene; counts rise with the band number."""

    def write(name=SCENE['LC08'], numbers=range(1, 8), quality=None, prefix='SR_B'):
        for number in numbers:
            write_image(tmp_path / f'{name}_{prefix}{number}.TIF', COUNTS + number, 30)
        quality = np.full((6, 6), 21824, np.uint16) if quality is None else quality
        if quality is not False:
            write_image(tmp_path / f'{name}_QA_PIXEL.TIF', quality, 30)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ('sensor', 'numbers', 'red', 'swir2'),
    [('LC08', range(1, 8), 4, 7), ('LE07', (1, 2, 3, 4, 5, 7), 3, 7)],
)
def test_bands_are_numbered_by_the_sensor_and_scaled_as_usgs_says(
    scene, sensor, numbers, red, swir2
):
    source, clear = open_landsat(scene(SCENE[sensor], numbers))
    values, valid = source.read()
    for layer, number in (('optical_red', red), ('optical_swir2', swir2)):
        found = values[source.layers.index(layer)]
        assert found == pytest.approx((COUNTS + number) * 0.0000275 - 0.2, abs=1e-7)
    assert valid.all()  # 21824 is clear, with low confidence of everything else
    assert clear.read()[1].all()
    assert ('optical_coastal' in source.layers) == (sensor == 'LC08')
    assert source.record['date'] == f'{SCENE[sensor][17:21]}-08-01'
    assert {q.unit for q in source.quantities.values()} == {'1'}


@pytest.mark.parametrize(
    ('bit', 'clear'),
    [(0, False), (1, False), (2, False), (3, False), (4, False), (5, True), (6, True), (7, True)],
)
def test_fill_clouds_cirrus_and_shadows_are_invalid_snow_and_water_are_not(scene, bit, clear):
    quality = np.full((6, 6), 64, np.uint16)
    quality[2, 3] = 1 << bit
    source, mask = open_landsat(scene(quality=quality))
    assert mask.read()[1][0, 2, 3] == source.read()[1][:, 2, 3].all() == clear
    assert mask.read()[1].sum() == 35 + clear


def test_flags_can_be_chosen_and_clouds_kept(scene):
    quality = np.full((6, 6), 1 << 1, np.uint16)  # dilated cloud only
    place = scene(quality=quality)
    assert open_landsat(place, masked=['cloud', 'snow'])[0].read()[1].all()
    assert len(open_landsat(place, clouds='keep')) == 1
    with pytest.raises(InputError, match='expected flags of fill, dilated_cloud'):
        open_landsat(place, masked=['haze'])


def test_fill_and_saturated_counts_are_invalid(scene, write_image):
    place = scene()
    counts = COUNTS.copy()
    counts[0, 0], counts[1, 1] = 0, 65535
    write_image(place / f'{SCENE["LC08"]}_SR_B4.TIF', counts, 30)
    (source,) = open_landsat(place, layers=['optical_red'], clouds='keep')
    assert np.argwhere(~source.read()[1][0]).tolist() == [[0, 0], [1, 1]]


def test_level_1_is_top_of_atmosphere_reflectance_under_the_sun_of_its_own_group(
    scene, write_image
):
    place = scene(LEVEL_1, [4], prefix='B')
    write_image(place / f'{LEVEL_1}_B8.TIF', np.full((12, 12), 9000, np.uint16), 15)
    (place / f'{LEVEL_1}_MTL.txt').write_text(MTL)
    source, _ = open_landsat(place)
    assert source.layers == ('optical_red',)
    expected = ((COUNTS + 4) * 2e-5 - 0.1) / math.sin(math.radians(30))
    assert source.read()[0][0] == pytest.approx(expected, abs=1e-6)
    pan, red, _ = open_landsat(place, layers=['optical_red', 'optical_pan'])
    assert (pan.layers, pan.grid.pixel_width) == (('optical_pan',), 15)
    assert pan.read()[0] == pytest.approx(np.full((1, 12, 12), 0.16))
    assert red.record['sun_elevation_degrees'] == 30
    assert place / f'{LEVEL_1}_MTL.txt' in source.files


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        (MTL.replace('SUN_ELEVATION', 'SUN'), 'SUN_ELEVATION is missing'),
        (MTL.replace('= 30.0', '= -4.0'), 'the sun was down'),
        (MTL.replace('2.0000E-05', 'many'), "REFLECTANCE_MULT_BAND_4 is 'many'"),
        ('', 'REFLECTANCE_ADD_BAND_4 is missing'),
    ],
)
def test_an_mtl_file_that_says_too_little_is_refused(scene, text, why):
    place = scene(LEVEL_1, [4], prefix='B')
    (place / f'{LEVEL_1}_MTL.txt').write_text(text)
    with pytest.raises(ProductError, match=why):
        open_landsat(place)


def test_what_is_missing_is_named(scene, tmp_path):
    with pytest.raises(ProductError, match=r'_MTL\.txt, which says the scales'):
        open_landsat(scene(LEVEL_1, [4], prefix='B'))
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(ProductError, match=r'QA_PIXEL.TIF is missing'):
        open_landsat(scene(quality=False))
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(ProductError, match=r'no SR_B5 \(optical_nir\), SR_B6 \(optical_swir1\)'):
        open_landsat(scene(numbers=[4]), layers=['optical_nir', 'optical_red', 'optical_swir1'])
    with pytest.raises(FileMissingError):
        open_landsat(tmp_path / 'gone')


def test_one_scene_is_read_of_a_folder_with_two_when_it_is_named(scene):
    scene(SCENE['LE07'], [1, 2, 3])
    place = scene(SCENE['LC08'])
    with pytest.raises(ProductError, match=r'holds 2 scenes .*LC08.*LE07'):
        open_landsat(place)
    source, _ = open_landsat(place / f'{SCENE["LE07"]}_SR_B3.TIF', layers=['optical_red'])
    assert source.record['product'] == 'Landsat 7 Collection 2 L2SP'


@pytest.mark.parametrize(
    ('name', 'why'),
    [
        ('LC08_L1TP_195027_20160801_20170414_01_T1', 'Collection 01, whose scales'),
        ('LM05_L1TP_195027_19860801_20170414_02_T1', 'sensor LM05'),
    ],
)
def test_other_collections_and_mss_are_refused(scene, name, why):
    with pytest.raises(ProductError, match=why):
        open_landsat(scene(name, [4], prefix='B'))


def test_a_folder_that_is_no_scene_says_what_was_expected(tmp_path):
    (tmp_path / 'a.tif').write_bytes(b'')
    with pytest.raises(ProductError, match='holds no Landsat scene; expected'):
        open_landsat(tmp_path)
