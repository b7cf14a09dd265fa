from __future__ import annotations

import h5py
import numpy as np
import pytest

from fusionls.errors import (
    FileMissingError,
    InputError,
    LayerUnknownError,
    ProductError,
    RadarCoordinatesError,
    UnitUnknownError,
)
from fusionls.geo.window import Window
from fusionls.sources.insar.mintpy import open_mintpy

DATES = (b'20200101', b'20200301', b'20200630', b'20201231', b'20211231')


@pytest.fixture
def geometry(write_hdf5, mintpy_attributes, truth):
    """geometryGeo.h5: degrees, azimuth anticlockwise from north, shadow in one pixel."""
    shadow = np.zeros(truth.shape, bool)
    shadow[5, 7] = True
    return write_hdf5(
        'geometryGeo.h5',
        {
            'height': np.full(truth.shape, 250, np.float32),
            'incidenceAngle': np.full(truth.shape, truth.incidence, np.float32),
            'azimuthAngle': np.full(truth.shape, 90 - truth.heading, np.float32),
            'shadowMask': shadow,
        },
        {**mintpy_attributes, 'FILE_TYPE': 'geometry'},
    )


@pytest.fixture
def beside(write_hdf5, mintpy_attributes, truth):
    """temporalCoherence.h5 with one weak pixel, maskTempCoh.h5 with one masked."""
    coherence = np.full(truth.shape, 0.9, np.float32)
    coherence[0, 0] = 0.4
    mask = np.ones(truth.shape, bool)
    mask[1, 1] = False
    told = mintpy_attributes
    return {
        'coherence': write_hdf5('temporalCoherence.h5', {'temporalCoherence': coherence}, told),
        'mask': write_hdf5('maskTempCoh.h5', {'mask': mask}, told),
    }


@pytest.fixture
def write_eos(write_hdf5, mintpy_attributes, truth, series):
    """The time series in HDF-EOS5 as save_hdfeos5.py lays it out; the unit is the data set's."""

    def write(name='S1.he5', told=None):
        group = 'HDFEOS/GRIDS/timeseries'
        path = write_hdf5(
            name,
            {
                f'{group}/observation/displacement': np.nan_to_num(series).astype(np.float32),
                f'{group}/observation/date': np.array(DATES),
                f'{group}/observation/bperp': np.zeros(len(DATES), np.float32),
                f'{group}/quality/temporalCoherence': np.full(truth.shape, 0.9, np.float32),
                f'{group}/quality/mask': np.ones(truth.shape, bool),
                f'{group}/geometry/height': np.full(truth.shape, 250, np.float32),
                f'{group}/geometry/incidenceAngle': np.full(
                    truth.shape, truth.incidence, np.float32
                ),
                f'{group}/geometry/azimuthAngle': np.full(
                    truth.shape, 90 - truth.heading, np.float32
                ),
            },
            {**mintpy_attributes, 'FILE_TYPE': 'HDFEOS'} if told is None else told,
        )
        with h5py.File(path, 'r+') as file:
            file[f'{group}/observation/displacement'].attrs['Units'] = 'meters'
        return path

    return write


def test_velocity_is_metres_a_year_toward_the_satellite(write_velocity, layers_of, check_truth):
    (source,) = open_mintpy(write_velocity(), track='asc')
    found = layers_of([source])
    check_truth(found['insar_velocity_los_asc'])
    deviation, valid = found['insar_velocity_std_asc']
    assert deviation[valid] == pytest.approx(0.001)
    assert source.record['positive'] == 'toward'
    assert source.record['unit'] == 'm/year'
    assert source.record['REF_DATE'] == '20200101'


def test_first_corner_is_that_of_the_first_pixel(write_velocity, truth):
    grid = open_mintpy(write_velocity())[0].grid
    assert (grid.west, grid.north) == (truth.west, truth.north)
    assert (grid.pixel_width, grid.pixel_height) == (truth.step, truth.step)
    assert grid.crs.to_epsg() == 4326


def test_unit_of_the_file_or_of_the_option_is_turned(write_velocity, layers_of, check_truth):
    for path, unit in (
        (write_velocity('a.h5', 1000, UNIT='mm/year'), None),
        (write_velocity('b.h5', 1000, UNIT='furlong'), 'mm/yr'),
        (write_velocity('c.h5', 100, UNIT=None), 'cm/yr'),
    ):
        check_truth(layers_of(open_mintpy(path, unit=unit))['insar_velocity_los'])


@pytest.mark.parametrize(
    ('unit', 'expected'),
    [('furlong', "'furlong' is unknown"), ('m', 'measures'), (None, 'no UNIT')],
)
def test_unknown_unit_is_refused_with_the_file_and_the_option(write_velocity, unit, expected):
    with pytest.raises(UnitUnknownError, match=rf'velocity\.h5: .*{expected}.*unit:'):
        open_mintpy(write_velocity(UNIT=unit))


def test_series_gives_slope_last_displacement_and_no_deviation_from_a_line(
    write_hdf5, mintpy_attributes, series, years, truth, layers_of, check_truth
):
    path = write_hdf5(
        'timeseries.h5',
        {
            'timeseries': np.nan_to_num(series).astype(np.float32),
            'date': np.array(DATES),
            'bperp': np.zeros(len(DATES), np.float32),
        },
        {**mintpy_attributes, 'FILE_TYPE': 'timeseries', 'UNIT': 'm'},
    )
    (source,) = open_mintpy(path)
    found = layers_of([source])
    check_truth(found['insar_velocity_los'])
    moved, valid = found['insar_displacement_los']
    assert moved[valid] == pytest.approx((truth.velocity * years[-1])[valid], abs=1e-6)
    assert found['insar_velocity_std'][0].max() < 1e-6
    assert source.record['dates'] == [
        '2020-01-01', '2020-03-01', '2020-06-30', '2020-12-31', '2021-12-31',
    ]  # fmt: skip


def test_a_declared_nodata_at_one_date_is_void(
    write_hdf5, mintpy_attributes, series, layers_of, truth
):
    stored = np.nan_to_num(series)
    stored[2, 4, 4] = -9999
    told = {**mintpy_attributes, 'UNIT': 'm', 'NO_DATA_VALUE': '-9999'}
    path = write_hdf5('timeseries.h5', {'timeseries': stored, 'date': np.array(DATES)}, told)
    valid = layers_of(open_mintpy(path))['insar_velocity_los'][1]
    truth.valid[4, 4] = False
    assert np.array_equal(valid, truth.valid)


def test_hdf_eos5_brings_its_own_line_of_sight(write_eos, layers_of, check_truth, check_los):
    (source,) = open_mintpy(write_eos(), track='asc')
    found = layers_of([source])
    check_truth(found['insar_velocity_los_asc'])
    check_los(found, '_asc')
    assert found['insar_elevation_asc'][0].max() == 250
    assert found['insar_coherence_asc'][0].max() == np.float32(0.9)
    assert source.record['unit'] == 'meters'


def test_geometry_coherence_and_mask_beside_the_velocity(
    write_velocity, geometry, beside, truth, layers_of, check_los
):
    (source,) = open_mintpy(write_velocity(), geometry=geometry, mask_below=0.7, **beside)
    found = layers_of([source])
    check_los(found)
    for pixel in ((0, 0), (1, 1), (5, 7)):  # incoherent, masked, in the shadow
        truth.valid[pixel] = False
    assert np.array_equal(found['insar_velocity_los'][1], truth.valid)
    assert source.masks
    assert len(source.files) == 4


def test_a_look_vector_that_points_to_the_ground_is_turned(
    write_velocity, geometry, layers_of, check_los
):
    found = layers_of(open_mintpy(write_velocity(), geometry=geometry, los_points='to_ground'))
    check_los(found, sign=-1)
    with pytest.raises(InputError, match="los_points is 'up', expected to_satellite or to_ground"):
        open_mintpy(write_velocity(), los_points='up')


def test_a_constant_line_of_sight_stands_in_for_a_missing_geometry(
    write_velocity, geometry, truth, layers_of, check_los
):
    angles = {'incidence': truth.incidence, 'heading': truth.heading}
    check_los(layers_of(open_mintpy(write_velocity(), track='a', **angles)), '_a')
    with pytest.raises(InputError, match='its own line of sight'):
        open_mintpy(write_velocity(), geometry=geometry, **angles)
    with pytest.raises(InputError, match='give both'):
        open_mintpy(write_velocity(), incidence=39.0)
    with pytest.raises(InputError, match=r'incidence 95 .*expected an incidence from vertical'):
        open_mintpy(write_velocity(), incidence=95.0, heading=0.0)


def test_layers_can_be_chosen_and_a_wrong_one_is_named(write_velocity):
    (source,) = open_mintpy(write_velocity(), track='asc', layers=['insar_velocity_los'])
    assert source.layers == ('insar_velocity_los_asc',)
    with pytest.raises(LayerUnknownError, match='holds no insar_coherence_asc'):
        open_mintpy(write_velocity(), track='asc', layers=['insar_coherence'])


def test_a_window_reads_its_pixels(write_velocity, truth):
    (source,) = open_mintpy(write_velocity())
    window = Window(1, 2, 3, 4)
    values, valid = source.read(window)
    assert np.array_equal(valid[0], truth.valid[window.slices])
    assert values[0][valid[0]] == pytest.approx(truth.velocity[window.slices][valid[0]])


@pytest.mark.parametrize(
    ('told', 'code'),
    [
        ({'EPSG': '32633'}, 32633),
        ({'UTM_ZONE': '33N'}, 32633),
        ({'UTM_ZONE': '19S'}, 32719),
        ({'UTM_ZONE': '9n'}, 32609),
    ],
)
def test_projected_files_say_their_crs(write_velocity, told, code):
    metres = {'X_FIRST': '420000', 'Y_FIRST': '4520000', 'X_STEP': '90', 'Y_STEP': '-90'}
    grid = open_mintpy(write_velocity(**metres, **told))[0].grid
    assert grid.crs.to_epsg() == code
    assert grid.pixel_width == 90


@pytest.mark.parametrize('zone', ['14Q', '99N', '0S', 'N', 'far'])
def test_a_zone_that_is_none_is_refused(write_velocity, zone):
    with pytest.raises(ProductError, match=f"UTM_ZONE '{zone}': no known CRS"):
        open_mintpy(write_velocity(UTM_ZONE=zone))


def test_metres_without_a_crs_are_not_taken_for_degrees(write_velocity):
    with pytest.raises(ProductError, match='are no degrees, and neither EPSG nor UTM_ZONE'):
        open_mintpy(write_velocity(X_FIRST='420000', Y_FIRST='4520000', X_STEP='90', Y_STEP='-90'))


def test_radar_coordinates_are_refused_with_the_cure(write_velocity, write_eos):
    with pytest.raises(RadarCoordinatesError, match=r'radar coordinates.*geocode\.py velocity\.h5'):
        open_mintpy(write_velocity(X_FIRST=None, Y_FIRST=None, X_STEP=None, Y_STEP=None))
    with pytest.raises(RadarCoordinatesError, match='geocode'):
        open_mintpy(write_eos(told={'UNIT': 'm', 'FILE_TYPE': 'HDFEOS'}))


def test_another_hdf5_is_refused_with_what_it_holds(write_hdf5, mintpy_attributes):
    path = write_hdf5(
        'ifgramStack.h5',
        {'unwrapPhase': np.zeros((2, 3, 3))},
        {**mintpy_attributes, 'FILE_TYPE': 'ifgramStack'},
    )
    with pytest.raises(
        ProductError, match=r'no MintPy velocity.*FILE_TYPE ifgramStack.*unwrapPhase \(2, 3, 3\)'
    ):
        open_mintpy(path)


def test_all_wrong_attributes_are_said_at_once(write_velocity):
    with pytest.raises(ProductError, match=r'\(3 problems\)') as caught:
        open_mintpy(write_velocity(X_FIRST='west', Y_STEP=None, LENGTH='7'))
    for part in ("X_FIRST is 'west'", 'Y_STEP is missing', 'LENGTH is 7, the data have 6'):
        assert part in str(caught.value)


def test_companions_of_another_grid_or_kind_are_refused_together(
    write_velocity, write_hdf5, mintpy_attributes, truth
):
    other = {**mintpy_attributes, 'X_FIRST': '11'}
    coherence = write_hdf5('coh.h5', {'temporalCoherence': np.ones(truth.shape)}, other)
    mask = write_hdf5('mask.h5', {'velocity': np.ones(truth.shape)}, mintpy_attributes)
    with pytest.raises(ProductError, match=r'\(2 problems\)') as caught:
        open_mintpy(write_velocity(), coherence=coherence, mask=mask)
    assert 'expected one grid' in str(caught.value)
    assert 'has none of mask' in str(caught.value)


def test_mask_below_needs_a_coherence(write_velocity):
    with pytest.raises(ProductError, match='mask_below needs a coherence'):
        open_mintpy(write_velocity(), mask_below=0.5)


@pytest.mark.parametrize(
    ('dates', 'expected'),
    [
        ((b'20200101',) * 5, 'two dates at least'),
        (DATES[:3], r'is \(5, 6, 8\) with 3 dates'),
        ((b'soon',) * 5, "date 'soon', expected YYYYMMDD"),
    ],
)
def test_a_series_with_odd_dates_is_refused(write_hdf5, mintpy_attributes, series, dates, expected):
    told = {**mintpy_attributes, 'UNIT': 'm'}
    path = write_hdf5('ts.h5', {'timeseries': series, 'date': np.array(dates)}, told)
    with pytest.raises(ProductError, match=expected):
        open_mintpy(path)


def test_what_is_no_whole_hdf5_is_refused(write_velocity, tmp_path):
    whole = write_velocity().read_bytes()
    for name, content in (
        ('cut.h5', whole[: len(whole) // 2]),
        ('text.h5', b'velocity'),
        ('e', b''),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ProductError, match=r'cannot be read as HDF5.*damaged or incomplete'):
            open_mintpy(tmp_path / name)
    with pytest.raises(FileMissingError, match='no such file'):
        open_mintpy(tmp_path / 'nowhere.h5')
