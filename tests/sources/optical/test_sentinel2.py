from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.errors import (
    AllInvalidError,
    BandCountError,
    FileMissingError,
    FusionlsError,
    GridMismatchError,
    InputError,
    LayerUnknownError,
    NotARasterError,
    ProductError,
)
from fusionls.geo.window import Window
from fusionls.layers.derivation import derive
from fusionls.quantities import Kind
from fusionls.sources.optical import open_sentinel2
from fusionls.sources.optical.sentinel2_files import found_image

PIXELS = {'B02': 10, 'B03': 10, 'B04': 10, 'B08': 10}
PIXELS |= {name: 20 for name in ('B05', 'B06', 'B07', 'B8A', 'B11', 'B12')} | {'B01': 60, 'B09': 60}
NAME = 'S2B_MSIL2A_20230105T052209_N0509_R062_T43PFM_20230105T074832.SAFE'
TILE = 'T43PFM_20230105T052209'


def counts(band: str, rows: int) -> np.ndarray:
    """Another ramp for every band, above the 1000 counts that are added."""
    return (1200 + 40 * list(PIXELS).index(band) + np.arange(rows * rows)).reshape(rows, rows)


def metadata(level='2A', baseline='05.09', offsets=-1000, unit=10000, namespace='psd-15') -> str:
    tag = 'BOA_ADD_OFFSET' if level == '2A' else 'RADIO_ADD_OFFSET'
    listed = ''
    if offsets is not None:
        inside = ''.join(f'<{tag} band_id="{i}">{offsets}</{tag}>' for i in range(13))
        around = 'BOA_ADD_OFFSET_VALUES_LIST' if level == '2A' else 'Radiometric_Offset_List'
        listed = f'<{around}>{inside}</{around}>'
    quantification = (
        f'<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">{unit}'
        '</BOA_QUANTIFICATION_VALUE><AOT_QUANTIFICATION_VALUE unit="none">1000.0'
        '</AOT_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>'
        if level == '2A'
        else f'<QUANTIFICATION_VALUE unit="none">{unit}</QUANTIFICATION_VALUE>'
    )
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-{level}_User_Product xmlns:n1="https://{namespace}.sentinel2.eo.esa.int/PSD.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>2023-01-05T05:22:09.024Z</PRODUCT_START_TIME>
      <PRODUCT_URI>{NAME}</PRODUCT_URI>
      <PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
      <Datatake datatakeIdentifier="GS2B">
        <SPACECRAFT_NAME>Sentinel-2B</SPACECRAFT_NAME>
        <DATATAKE_SENSING_START>2023-01-05T05:22:09.024Z</DATATAKE_SENSING_START>
      </Datatake>
    </Product_Info>
    <Product_Image_Characteristics>
      <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
      {quantification}{listed}
    </Product_Image_Characteristics>
  </n1:General_Info>
</n1:Level-{level}_User_Product>"""


@pytest.fixture
def safe(tmp_path, write_image):
    """Writes a Level-2A folder of 12 x 12 pixels of 10 m, scene classes all vegetation."""

    def write(classes=None, bands=tuple(PIXELS), change=None, **said):
        folder = tmp_path / NAME
        granule = folder / 'GRANULE' / 'L2A_T43PFM_A030480_20230105T052210' / 'IMG_DATA'
        for band in bands:
            pixel = PIXELS[band]
            values = counts(band, 120 // pixel)
            values = change(band, values) if change else values
            write_image(
                granule / f'R{pixel}m' / f'{TILE}_{band}_{pixel}m.jp2',
                values.astype(np.uint16),
                pixel,
            )
            if pixel == 10:  # Level-2A brings every band at the coarser sizes too
                write_image(
                    granule / 'R20m' / f'{TILE}_{band}_20m.jp2', np.full((6, 6), 7, np.uint16), 20
                )
        classes = np.full((6, 6), 4, np.uint8) if classes is None else classes
        if classes is not False:
            write_image(granule / 'R20m' / f'{TILE}_SCL_20m.jp2', classes, 20)
        write_image(granule / 'R10m' / f'{TILE}_TCI_10m.jp2', np.full((12, 12), 9, np.uint8))
        text = metadata(**said)
        if text:
            (folder / 'MTD_MSIL2A.xml').write_text(text)
        return folder

    return write


@pytest.fixture
def folder(tmp_path, write_image):
    """Writes a folder of band files of one grid."""

    def write(values: dict, pixel=10.0, form='{}.tif', **kwargs):
        place = tmp_path / 'bands'
        for band, counts_ in values.items():
            write_image(place / form.format(band), counts_, pixel, **kwargs)
        return place

    return write


def test_reflectance_of_a_safe_folder_is_count_minus_1000_over_10000(safe):
    *bands, clear = open_sentinel2(safe())
    (source,) = bands
    assert source.layers == ('optical_blue', 'optical_green', 'optical_red', 'optical_nir')
    values, valid = source.read()
    for index, band in enumerate(('B02', 'B03', 'B04', 'B08')):
        assert values[index] == pytest.approx((counts(band, 12) - 1000) / 10000, abs=1e-7)
    assert valid.all()
    assert {q.unit for q in source.quantities.values()} == {'1'}
    assert source.record['scaling']['B04'] == pytest.approx([1e-4, -0.1])
    assert source.record['date'] == '2023-01-05'
    assert (source.record['baseline'], source.record['spacecraft']) == ('05.09', 'Sentinel-2B')
    assert clear.masks
    assert not source.masks


def test_each_pixel_size_is_a_source_and_the_finest_comes_first(safe):
    names = ['optical_coastal', 'optical_swir1', 'optical_red', 'optical_nir_narrow']
    *bands, clear = open_sentinel2(safe(), layers=names)
    assert [s.grid.pixel_width for s in bands] == [10, 20, 60]
    assert [s.layers for s in bands] == [
        ('optical_red',),
        ('optical_swir1', 'optical_nir_narrow'),
        ('optical_coastal',),
    ]
    # 10 m bands are not taken from the copies of 20 m
    assert bands[0].read()[0].min() == pytest.approx((counts('B04', 12).min() - 1000) / 1e4)
    assert clear.hidden == {'optical_clear'}
    assert clear.kinds == (Kind.CATEGORICAL,)


def test_clouds_and_shadows_of_the_scene_classification_are_invalid_and_snow_is_not(safe):
    classes = np.arange(36).reshape(6, 6) % 12
    source, clear = open_sentinel2(safe(classes.astype(np.uint8)))
    expected = ~np.isin(classes, [0, 1, 3, 8, 9, 10])
    ones, valid = clear.read()
    assert np.array_equal(valid[0], expected)
    assert np.array_equal(ones[0], expected)
    # a band of 10 m loses the four pixels under each of 20 m
    for sound in source.read()[1]:
        assert np.array_equal(sound, expected.repeat(2, axis=0).repeat(2, axis=1))
    _, chosen = open_sentinel2(safe(classes.astype(np.uint8)), masked=[11])
    assert np.array_equal(chosen.read()[1][0], classes != 11)
    assert len(open_sentinel2(safe(classes.astype(np.uint8)), clouds='keep')) == 1


def test_windows_equal_the_whole(safe):
    source, clear = open_sentinel2(safe((np.arange(36).reshape(6, 6) % 12).astype(np.uint8)))
    for one, window in ((source, Window(3, 1, 6, 9)), (clear, Window(1, 2, 3, 3))):
        values, valid = one.read()
        part, sound = one.read(window)
        assert np.array_equal(part, values[:, *window.slices])
        assert np.array_equal(sound, valid[:, *window.slices])


def test_no_data_and_saturated_counts_are_invalid_in_their_band_alone(safe):
    def spoilt(band, values):
        values = values.copy()
        if band == 'B04':
            values[0, 0], values[5, 7] = 0, 65535
        return values

    source, _ = open_sentinel2(safe(change=spoilt))
    values, valid = source.read()
    assert np.argwhere(~valid).tolist() == [[2, 0, 0], [2, 5, 7]]
    assert values[2, 0, 0] == values[2, 5, 7] == 0


def test_old_baselines_have_no_offset(safe):
    source, _ = open_sentinel2(safe(baseline='02.14', offsets=None))
    assert source.read()[0][0] == pytest.approx(counts('B02', 12) / 10000)


def test_new_baselines_without_an_offset_are_refused(safe):
    with pytest.raises(ProductError, match=r'baseline 05\.09 adds an offset, but no BOA_ADD_OFF'):
        open_sentinel2(safe(offsets=None))


def test_what_the_caller_says_takes_the_place_of_the_metadata(safe):
    place = safe()
    source, _ = open_sentinel2(place, scale=0.0001, offset=0.0)
    assert source.read()[0][0] == pytest.approx(counts('B02', 12) / 10000)
    assert source.record['scaling_from'] == 'as told'
    with pytest.raises(InputError, match=r'offset is -1000; expected one in reflectance'):
        open_sentinel2(place, offset=-1000)
    with pytest.raises(InputError, match=r'baseline is 02\.14, but MTD_MSIL2A\.xml says 05\.09'):
        open_sentinel2(place, baseline='02.14')


def test_level_1c_is_read_by_its_own_tags_and_masked_by_its_cloud_raster(tmp_path, write_image):
    folder = tmp_path / NAME.replace('2A', '1C')
    granule = folder / 'GRANULE' / 'L1C_T43PFM_A030480_20230105T052210'
    for band in ('B02', 'B10'):
        pixel = 10 if band == 'B02' else 60
        values = np.full((120 // pixel,) * 2, 3000, np.uint16)
        write_image(granule / 'IMG_DATA' / f'{TILE}_{band}.jp2', values, pixel)
    opaque, cirrus, snow = np.zeros((3, 2, 2), np.uint8)
    opaque[0, 0] = cirrus[0, 1] = snow[1, 1] = 1
    write_image(granule / 'QI_DATA' / 'MSK_CLASSI_B00.jp2', np.stack([opaque, cirrus, snow]), 60)
    (folder / 'MTD_MSIL1C.xml').write_text(metadata('1C', offsets=-1000))
    source, coarse, clear = open_sentinel2(folder, layers=['optical_blue', 'optical_cirrus'])
    assert coarse.layers == ('optical_cirrus',)
    values, valid = source.read()
    assert values[valid] == pytest.approx(0.2)
    assert valid[0, ::6, ::6].tolist() == [[False, False], [True, True]]
    assert clear.record['mask'] == 'MSK_CLASSI'
    assert source.record['product'] == 'Sentinel-2 L1C'


def test_level_2a_without_scene_classes_is_refused_with_the_cure(safe):
    place = safe(classes=False)
    with pytest.raises(ProductError, match=r'no scene classification .* or clouds: keep'):
        open_sentinel2(place)
    assert len(open_sentinel2(place, clouds='keep')) == 1


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        ('<a><b>', 'is no readable XML'),
        (metadata(unit='ten'), "quantification value is 'ten', no number"),
        (metadata().replace('BOA_QUANTIFICATION', 'OTHER'), 'no quantification value above 0'),
        (metadata().replace('band_id="4"', 'band_id="44"'), "band_id '44'; expected 0 to 12"),
        (metadata().replace('<BOA_ADD_OFFSET band_id="3">-1000</BOA_ADD_OFFSET>', ''), 'for B04'),
    ],
)
def test_metadata_that_cannot_be_used_is_refused(safe, text, why):
    place = safe()
    (place / 'MTD_MSIL2A.xml').write_text(text)
    with pytest.raises(ProductError, match=why):
        open_sentinel2(place)


def test_a_safe_folder_without_metadata_needs_to_be_told(safe):
    place = safe()
    (place / 'MTD_MSIL2A.xml').unlink()
    with pytest.raises(ProductError, match=r'has no MTD_MSIL1C\.xml or MTD_MSIL2A\.xml'):
        open_sentinel2(place)
    source, _ = open_sentinel2(place, scale=0.0001, offset=-0.1)
    assert source.read()[0][0] == pytest.approx((counts('B02', 12) - 1000) / 10000, abs=1e-7)


def test_a_safe_folder_with_several_granules_is_refused(safe):
    place = safe()
    (place / 'GRANULE' / 'L2A_T43PFN_A030480_20230105T052210' / 'IMG_DATA').mkdir(parents=True)
    with pytest.raises(ProductError, match=r'expected one granule .*T43PFM.*T43PFN'):
        open_sentinel2(place)


def test_all_missing_bands_are_named(safe):
    place = safe(bands=('B02', 'B04'))
    wanted = ['optical_nir', 'optical_red', 'optical_swir1']
    with pytest.raises(ProductError, match=r'holds no B08 \(optical_nir\), B11 \(optical_swir1\)'):
        open_sentinel2(place, layers=wanted)
    with pytest.raises(LayerUnknownError, match="'optical_nirr': did you mean optical_nir"):
        open_sentinel2(place, layers=['optical_nirr'])
    with pytest.raises(
        ProductError, match=r'spectral looks at .* no .*optical_green.*optical_swir'
    ):
        open_sentinel2(place, clouds='spectral')


def test_a_folder_that_is_no_image_says_what_was_expected(tmp_path):
    (tmp_path / 'notes.txt').write_text('nothing')
    with pytest.raises(ProductError, match=r'is no Sentinel-2 image.*it holds notes\.txt'):
        open_sentinel2(tmp_path)
    with pytest.raises(FileMissingError, match='no such file or folder'):
        open_sentinel2(tmp_path / 'gone.SAFE')
    (tmp_path / 'S2A.SAFE.zip').write_bytes(b'PK')
    with pytest.raises(ProductError, match='is packed; unpack it'):
        open_sentinel2(tmp_path / 'S2A.SAFE.zip')


def test_a_qualifier_ends_the_names_of_bands_and_mask(safe):
    source, clear = open_sentinel2(safe(), layers=['optical_red_post'], qualifier='post')
    assert source.layers == ('optical_red_post',)
    assert clear.layers == ('optical_clear_post',)
    with pytest.raises(InputError, match="qualifier 'Post event' cannot end a layer name"):
        open_sentinel2(safe(), qualifier='Post event')


def test_band_files_that_are_dark_somewhere_have_no_offset(folder):
    rows = np.arange(400, dtype=np.uint16).reshape(20, 20)
    (source,) = open_sentinel2(folder({'B04': rows + 300, 'B8': rows + 2000}, form='x_{}.tif'))
    assert source.layers == ('optical_red', 'optical_nir')
    assert source.read()[0][0] == pytest.approx((rows + 300) / 10000)
    assert source.record['clouds'] == 'kept: the files hold no cloud mask'


def test_band_files_that_could_hold_an_offset_are_asked_for(folder):
    rows = np.arange(400, dtype=np.uint16).reshape(20, 20)
    place = folder({'B04': rows + 1100, 'B08': rows + 3000})
    with pytest.raises(ProductError, match=r'nothing says whether 1000 was added .* offset: -0.1'):
        open_sentinel2(place)
    for options, added in (
        ({'baseline': '04.00'}, 1000),
        ({'baseline': '03.01'}, 0),
        ({'offset': -0.1}, 1000),
        ({'offset': 0.0}, 0),
    ):
        (source,) = open_sentinel2(place, **options)
        expected = (rows + 1100.0 - added) / 10000
        assert source.read()[0][0] == pytest.approx(expected, abs=1e-7)


def test_an_offset_taken_off_twice_is_noticed(folder):
    dark = np.full((20, 20), 300, np.uint16)
    with pytest.raises(ProductError, match=r'less than nothing \(optical_red -0\.070\).*offset: 0'):
        open_sentinel2(folder({'B04': dark, 'B08': dark * 9}), baseline='05.00')


def test_ndvi_of_counts_with_an_offset_would_be_wrong(folder):
    place = folder(
        {'B04': np.full((9, 9), 1400, np.uint16), 'B08': np.full((9, 9), 4600, np.uint16)}
    )
    found = {}
    for offset in (-0.1, 0.0):
        (source,) = open_sentinel2(place, offset=offset)
        values, valid = source.read()
        planes = dict(zip(source.layers, zip(values, valid, strict=True), strict=True))
        found[offset] = derive(planes, ['optical_ndvi'], 10.0)['optical_ndvi'][0][0, 0]
    assert found[-0.1] == pytest.approx((0.36 - 0.04) / (0.36 + 0.04))  # 0.8
    assert found[0.0] == pytest.approx(3200 / 6000)  # 0.53: forest looks like grass


def test_a_scale_declared_in_the_files_is_taken(folder):
    place = folder({'B04': np.full((4, 4), 4600, np.uint16)}, scale=0.0001, offset=-0.1)
    (source,) = open_sentinel2(place)
    assert source.read()[0] == pytest.approx(np.full((1, 4, 4), 0.36))
    assert source.record['scaling_from'] == 'the scale declared in the files'


def test_files_of_two_places_or_two_dates_are_refused(tmp_path, write_image):
    values = np.full((4, 4), 500, np.uint16)
    write_image(tmp_path / 'a' / 'B04.tif', values)
    write_image(tmp_path / 'a' / 'B08.tif', values, west=700_000.0)
    with pytest.raises(GridMismatchError, match=r'do not cover the same ground(.|\n)*B08\.tif'):
        open_sentinel2(tmp_path / 'a')
    write_image(tmp_path / 'b' / 'T1_20230101T052209_B04.tif', values)
    write_image(tmp_path / 'b' / 'T1_20230111T052209_B04.tif', values)
    with pytest.raises(ProductError, match='bands come more than once'):
        open_sentinel2(tmp_path / 'b')


def test_a_stacked_raster_is_read_by_the_names_of_its_bands(tmp_path, write_image):
    values = np.stack([np.full((3, 3), v, np.float32) for v in (0.3, 0.05, 0.0)])
    path = write_image(tmp_path / 's.tif', values, names=['B8', 'b04', 'B10'])
    (source,) = open_sentinel2(path)
    assert source.layers == ('optical_red', 'optical_nir', 'optical_cirrus')
    found, valid = source.read()
    assert found[:, 0, 0].tolist() == pytest.approx([0.05, 0.3, 0.0])
    assert valid.all()  # zero is a reflectance, not a hole


def test_float_counts_are_told_from_reflectance(tmp_path, write_image):
    values = np.full((1, 3, 3), 450.5, np.float32)
    (source,) = open_sentinel2(write_image(tmp_path / 's.tif', values, names=['B04']))
    assert source.read()[0] == pytest.approx(np.full((1, 3, 3), 0.04505))


def test_the_order_of_unnamed_bands_is_not_guessed(tmp_path, write_image):
    path = write_image(tmp_path / 's.tif', np.full((3, 4, 4), 500, np.uint16))
    with pytest.raises(ProductError, match=r'3 of its 3 bands say no name, .* not guessed'):
        open_sentinel2(path)
    with pytest.raises(BandCountError, match='holds 3 bands, but bands names 2: B02, B03'):
        open_sentinel2(path, bands=['B02', 'B03'])
    with pytest.raises(ProductError, match=r"called 'red'(.|\n)*B02 comes 2 times"):
        open_sentinel2(path, bands=['red', 'B02', 'B02'])
    (source,) = open_sentinel2(path, bands=['B08', 'skip', 'B04'])
    assert source.layers == ('optical_red', 'optical_nir')


def test_an_image_without_a_valid_pixel_is_refused(folder):
    with pytest.raises(AllInvalidError, match='holds no valid pixel'):
        open_sentinel2(folder({'B04': np.zeros((4, 4), np.uint16)}))


@pytest.mark.parametrize('option', [{'clouds': 'yes'}, {'masked': [12]}, {'masked': 'cloud'}])
def test_options_that_make_no_sense_are_refused(safe, option):
    with pytest.raises(InputError, match=next(iter(option))):
        open_sentinel2(safe(), **option)


def planes_of(sources):
    found = {}
    for source in sources:
        values, valid = source.read()
        found |= dict(zip(source.layers, zip(values, valid, strict=True), strict=True))
    return found


@pytest.mark.real_data
def test_puthumala_reflects_little_and_its_scar_is_bare(real_data):
    place = real_data / 'puthumala_s2_s1_dem' / 'sentinel2'
    if not place.is_dir():
        pytest.skip('puthumala_s2_s1_dem is not among the public data sets')
    source, clear = open_sentinel2(place, clouds='spectral')
    assert len(source.layers) == 12
    assert source.record['scaling']['B04'] == [1e-4, 0.0]
    found = planes_of([source, clear])
    # clouds lie over about a tenth of it, by the data's own description; grown by 3 pixels
    assert 0.08 < (~found['optical_clear'][1]).mean() < 0.16
    found |= derive(found, ['optical_ndvi', 'optical_bsi'], 10.0)
    ndvi, valid = found['optical_ndvi']
    bsi, _ = found['optical_bsi']
    scar = np.zeros(valid.shape, bool)
    scar[115:135, 372:392] = True  # the upper basin of the debris flow, seen in the picture
    assert valid[scar].mean() > 0.95  # bright bare ground is not taken for cloud
    assert np.median(ndvi[scar & valid]) < 0.35
    assert np.median(ndvi[valid]) > 0.7
    assert np.median(bsi[scar & valid]) > 0.1 > -0.1 > np.median(bsi[valid])
    # no cloud is left: the brightest of the clear ground is far below one
    assert found['optical_blue'][0][valid].max() < 0.25


@pytest.mark.real_data
def test_slovenian_forest_is_green_and_its_cloudy_day_is_masked(real_data):
    place = real_data / 'slovenia_s2_dem'
    if not place.is_dir():
        pytest.skip('slovenia_s2_dem is not among the public data sets')
    import rasterio

    with rasterio.open(place / 'lulc.tif') as dataset:
        cover = dataset.read(1)
    path = place / 's2_l1c_13band_2015-07-11.tif'
    source, clear = open_sentinel2(path, clouds='spectral')
    assert len(source.layers) == 13
    found = planes_of([source, clear])
    assert found['optical_clear'][1].mean() > 0.99
    ndvi, valid = derive(found, ['optical_ndvi'], 10.0)['optical_ndvi']
    with rasterio.open(path) as dataset:
        names = list(dataset.descriptions)
        red, nir = (dataset.read(names.index(b) + 1).astype(float) for b in ('B04', 'B08'))
    assert ndvi[valid] == pytest.approx(((nir - red) / (nir + red))[valid], abs=1e-6)
    forest = np.median(ndvi[valid & (cover == 2)])
    assert forest > 0.7 > np.median(ndvi[valid & (cover == 8)])  # 8 is artificial surface
    _, cloudy = open_sentinel2(place / 's2_l1c_13band_2015-08-20.tif', clouds='spectral')
    assert cloudy.read()[1].mean() < 0.1


def test_a_damaged_band_file_is_named(safe):
    place = safe()
    (path,) = place.rglob('*_B04_10m.jp2')
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    source, _ = open_sentinel2(place)
    with pytest.raises(NotARasterError, match='B04_10m'):
        source.read()
    path.write_bytes(b'')
    with pytest.raises(NotARasterError, match='B04_10m'):
        open_sentinel2(place)


@given(cut=st.integers(0, 1400), put=st.text(max_size=12), length=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_spoilt_metadata_is_refused_or_says_numbers(tmp_path_factory, cut, put, length):
    place = tmp_path_factory.mktemp('safe')
    images = place / 'GRANULE' / 'L2A_T1' / 'IMG_DATA'
    images.mkdir(parents=True)
    (images / f'{TILE}_B04.jp2').write_bytes(b'')
    text = metadata()
    (place / 'MTD_MSIL2A.xml').write_text(
        text[:cut] + put + text[cut + length :], encoding='utf-8', errors='replace'
    )
    try:
        found = found_image(place, None).metadata
    except FusionlsError:
        return
    assert np.isfinite([found.quantification, *found.offsets.values()]).all()
    assert found.quantification > 0


def test_scene_classes_beside_plain_files_or_in_a_stack_mask_too(tmp_path, write_image):
    classes = np.array([[4, 9], [3, 5]], np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    red = np.full((4, 4), 450, np.uint16)
    write_image(tmp_path / 'bands' / 'B04.tif', red)
    write_image(tmp_path / 'bands' / 'SCL.tif', classes)
    stack = write_image(tmp_path / 'stack.tif', np.stack([red, classes]), names=['B04', 'SCL'])
    for file in (tmp_path / 'bands', stack):
        source, clear = open_sentinel2(file)
        assert source.layers == ('optical_red',)
        for one in (source, clear):
            assert np.array_equal(one.read()[1][0], np.isin(classes, [4, 5]))


def test_landsat_files_are_not_taken_for_sentinel_2(tmp_path, write_image):
    name = 'LC08_L2SP_195027_20200801_20200914_02_T1_SR_B5.TIF'
    write_image(tmp_path / name, np.full((4, 4), 450, np.uint16))
    with pytest.raises(ProductError, match='a file of Landsat, whose bands have other numbers'):
        open_sentinel2(tmp_path)
