from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import FileMissingError, InputError, ProductError
from fusionls.geo.raster_io import read_grid
from fusionls.sources.insar.licsbas import open_licsbas

DATES = (20200101, 20200301, 20200630, 20201231, 20211231)


@pytest.fixture
def write_raw(tmp_path, truth):
    """Writes LiCSBAS's raw results: little-endian float32, mm; the grid in info/EQA.dem_par."""

    def write(**changed):
        results, info = tmp_path / 'results', tmp_path / 'info'
        for folder in (results, info):
            folder.mkdir(exist_ok=True)
        mask = np.ones(truth.shape)
        mask[0, 0] = 0
        planes = {
            'vel': np.where(truth.valid, truth.velocity * 1000, np.nan),
            'vstd': np.where(truth.valid, 2.0, np.nan),
            'coh_avg': np.full(truth.shape, 0.6),
            'hgt': np.full(truth.shape, 40.0),
            'mask': mask,
            **{
                f'{way}.geo': np.full(truth.shape, component)
                for way, component in zip('ENU', truth.los, strict=True)
            },
        }
        for name, values in planes.items():
            values.astype('<f4').tofile(results / name)
        told = {
            'width': truth.shape[1],
            'nlines': truth.shape[0],
            'corner_lat': f'{truth.north - truth.step / 2}  decimal degrees',
            'corner_lon': f'{truth.west + truth.step / 2}  decimal degrees',
            'post_lat': f'{-truth.step}  decimal degrees',
            'post_lon': f'{truth.step}  decimal degrees',
            **changed,
        }
        text = '\n'.join(f'{key}:   {value}' for key, value in told.items() if value is not None)
        (info / 'EQA.dem_par').write_text(f'Gamma DIFF&GEO DEM parameter file\n{text}\n')
        return results / 'vel'

    return write


@pytest.fixture
def write_cum(write_hdf5, truth, series):
    """Writes cum.h5: millimetres, the corner in the middle of the first pixel."""

    def write(**changed):
        data = {
            'cum': (series * 1000).astype(np.float32),
            'imdates': np.array(DATES, np.int32),
            'vel': (truth.velocity * 1000).astype(np.float32),
            'corner_lat': truth.north - truth.step / 2,
            'corner_lon': truth.west + truth.step / 2,
            'post_lat': -truth.step,
            'post_lon': truth.step,
            'coh_avg': np.full(truth.shape, 0.6, np.float32),
            'mask': np.ones(truth.shape, np.float32),
            **{
                f'{way}.geo': np.full(truth.shape, component, np.float32)
                for way, component in zip('ENU', truth.los, strict=True)
            },
            **changed,
        }
        return write_hdf5('cum.h5', {k: v for k, v in data.items() if v is not None}, {})

    return write


def test_raw_velocity_is_millimetres_toward_with_all_that_stands_beside(
    write_raw, layers_of, check_truth, check_los
):
    (source,) = open_licsbas(write_raw(), track='asc', mask=False)
    found = layers_of([source])
    check_truth(found['insar_velocity_los_asc'])
    check_los(found, '_asc')
    assert found['insar_velocity_std_asc'][0].max() == np.float32(0.002)
    assert found['insar_coherence_asc'][0].max() == np.float32(0.6)
    assert found['insar_elevation_asc'][0].max() == 40
    assert source.record == {'product': 'licsbas', 'positive': 'toward', 'unit': 'mm/yr'}
    assert len(source.files) == 9


def test_gammas_corner_is_the_middle_of_the_first_pixel(write_raw, write_cum, truth):
    for path in (write_raw(), write_cum()):
        grid = open_licsbas(path)[0].grid
        assert (grid.west, grid.north) == pytest.approx((truth.west, truth.north), abs=1e-12)
        assert grid.shape == truth.shape


def test_the_mask_of_licsbas_counts_unless_it_is_told_not_to(write_raw, truth, layers_of):
    path = write_raw()
    truth.valid[0, 0] = False
    assert np.array_equal(layers_of(open_licsbas(path))['insar_velocity_los'][1], truth.valid)
    assert not layers_of(open_licsbas(path, mask_below=0.7))['insar_velocity_los'][1].any()


def test_geotiffs_are_read_alike(write_lonlat, truth, layers_of, check_truth):
    velocity = np.where(truth.valid, truth.velocity * 1000, np.nan).astype(np.float32)
    path = write_lonlat('vel.tif', velocity)
    write_lonlat('vstd.tif', np.full(truth.shape, 2, np.float32))
    found = layers_of(open_licsbas(path))
    check_truth(found['insar_velocity_los'])
    assert found['insar_velocity_std'][0].max() == np.float32(0.002)


def test_cum_h5_gives_the_slope_of_its_series(
    write_cum, truth, years, layers_of, check_truth, check_los
):
    mask = np.ones(truth.shape, np.float32)
    mask[5, 5] = 0
    (source,) = open_licsbas(write_cum(mask=mask))
    truth.valid[5, 5] = False
    found = layers_of([source])
    check_truth(found['insar_velocity_los'])
    check_los(found)
    moved, valid = found['insar_displacement_los']
    assert moved[valid] == pytest.approx((truth.velocity * years[-1])[valid], abs=1e-6)
    assert source.record['dates'][0] == '2020-01-01'
    assert layers_of(open_licsbas(write_cum(mask=mask), mask=False))['insar_velocity_los'][1][5, 5]


def test_the_offset_of_the_reference_area_is_taken_off_by_the_rule(write_raw, truth, layers_of):
    (source,) = open_licsbas(write_raw(), mask=False, reference='median')
    velocity, valid = layers_of([source])['insar_velocity_los']
    middle = np.median(truth.velocity[truth.valid])
    assert velocity[valid] == pytest.approx((truth.velocity - middle)[valid], abs=1e-6)
    told = source.record['reference']
    assert told['statistic'] == 'median'
    assert told['insar_velocity_los'] == {
        'offset': pytest.approx(middle),
        'pixels': truth.valid.sum(),
    }


@pytest.mark.parametrize(
    ('changed', 'expected'),
    [
        ({'width': None}, 'width: missing, expected a number'),
        ({'nlines': '-'}, 'nlines: -, expected a number'),
        ({'corner_lat': '4520000'}, 'make no grid'),
        ({'post_lat': '0.001'}, 'make no grid'),
        ({'width': 9}, r'192 bytes, expected 216 \(6 x 9 float32\)'),
    ],
)
def test_raw_files_that_their_parameters_do_not_fit_are_refused(write_raw, changed, expected):
    with pytest.raises(ProductError, match=expected):
        open_licsbas(write_raw(**changed))


def test_raw_files_without_parameters_are_refused_with_the_cure(write_raw, tmp_path):
    path = write_raw()
    (tmp_path / 'info' / 'EQA.dem_par').rename(tmp_path / 'elsewhere')
    with pytest.raises(ProductError, match=r'needs EQA\.dem_par.*give parameters: FILE'):
        open_licsbas(path)
    assert open_licsbas(path, parameters=tmp_path / 'elsewhere')
    with pytest.raises(FileMissingError):
        open_licsbas(path, parameters=tmp_path / 'nowhere')
    with pytest.raises(FileMissingError):
        open_licsbas(tmp_path / 'nowhere')
    with pytest.raises(InputError, match='los_points'):
        open_licsbas(path, los_points='sideways')


@pytest.mark.parametrize(
    ('changed', 'expected'),
    [
        ({'cum': None, 'imdates': None}, r'no cum\.h5 of LiCSBAS: it has no cum, imdates'),
        ({'imdates': np.array(DATES[:3])}, r'cum is \(5, 6, 8\) with 3 dates'),
        ({'imdates': np.array([1, 2, 3, 4, 5])}, 'expected YYYYMMDD'),
        ({'corner_lat': np.nan}, 'make no grid'),
        ({'mask': np.ones((3, 3))}, r'mask is \(3, 3\), expected \(6, 8\)'),
        ({'cum': np.zeros(2)}, r'cum is \(2,\), expected rows and columns'),
        ({'cum': np.array([b'a'])}, 'cum holds no real numbers'),
    ],
)
def test_an_odd_cum_h5_is_refused(write_cum, changed, expected):
    with pytest.raises(ProductError, match=expected):
        open_licsbas(write_cum(**changed))


@pytest.mark.real_data
def test_pozzuoli_rises_toward_the_satellite(real_data, layers_of):
    folder = real_data / 'insar_licsbas_campi_flegrei'
    path = folder / 'licsbas_f4' / 'vel.mskd'
    (source,) = open_licsbas(path, reference='mode')
    found = layers_of([source])
    velocity, valid = found['insar_velocity_los']
    row, col = np.unravel_index(velocity.argmax(), velocity.shape)
    longitude = source.grid.west + (col + 0.5) * source.grid.pixel_width
    latitude = source.grid.north - (row + 0.5) * source.grid.pixel_height
    assert (longitude, latitude) == pytest.approx((14.13, 40.82), abs=0.015)  # the harbour
    assert 0.06 < velocity[row, col] < 0.09
    north = velocity[:30][valid[:30]]  # ground 7 km and more from there
    assert abs(np.median(north)) < 0.008
    # as it was delivered, stable ground sinks by 20 to 30 mm a year: its reference moves
    assert -0.03 < source.record['reference']['insar_velocity_los']['offset'] < -0.02
    # the raw file and the GeoTIFF made of it lie on the same pixels and hold the same
    theirs = read_grid(folder / 'geotiff' / 'vel_mskd.tif')
    assert source.grid.is_same_as(theirs, tolerance=0.01)
    raw = layers_of(open_licsbas(path))['insar_velocity_los']
    tif = layers_of(open_licsbas(folder / 'geotiff' / 'vel_mskd.tif'))['insar_velocity_los']
    assert np.array_equal(raw[1], tif[1])
    assert raw[0] == pytest.approx(tif[0], abs=1e-8)
