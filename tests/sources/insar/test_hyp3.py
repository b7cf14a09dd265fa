from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import FileMissingError, LayerUnknownError, ProductError
from fusionls.sources.insar.hyp3 import open_hyp3

NAME = 'S1AA_20200101T120000_20210101T120000_VVP366_INT80_G_ueF_1A2B'
ISCE = 'S1_136231_IW2_20200101_20210101_VV_INT80_663F'
YEARS = 366 / 365.25
WAVELENGTH = 0.055465763


@pytest.fixture
def write_part(write_raster, truth):
    """Writes one GeoTIFF of a product: float32, UTM, 80 m, zero is void and not declared."""

    def write(part: str, values, name: str = NAME, **options):
        filled = np.broadcast_to(np.asarray(values, np.float32), truth.shape)
        return write_raster(f'{name}_{part}.tif', filled.copy(), pixel=80.0, **options)

    return write


@pytest.fixture
def moved(truth):
    """Displacement of the truth between the dates, metres toward; zero is void."""
    return np.where(truth.valid, truth.velocity * YEARS, 0)


@pytest.fixture
def product(write_part, moved, truth):
    """A whole GAMMA product; water in the pixel (0, 0)."""
    water = np.ones(truth.shape)
    water[0, 0] = 0
    write_part('unw_phase', -moved * 4 * np.pi / WAVELENGTH)
    write_part('corr', np.where(truth.valid, 0.8, 0))
    write_part('lv_theta', np.radians(90 - truth.incidence))
    write_part('lv_phi', np.arctan2(truth.los[1], truth.los[0]))
    write_part('dem', 300)
    write_part('water_mask', water)
    write_part('vert_disp', moved / truth.los[2])
    return write_part('los_disp', moved)


def test_displacement_is_toward_and_velocity_is_over_the_years_between(
    product, truth, moved, layers_of, check_truth, check_los
):
    (source,) = open_hyp3(product, track='asc', water=True)
    found = layers_of([source])
    check_truth(found['insar_velocity_los_asc'])
    check_los(found, '_asc')
    displacement, valid = found['insar_displacement_los_asc']
    assert displacement[valid] == pytest.approx(moved[valid])
    assert found['insar_elevation_asc'][0].max() == 300
    assert found['insar_coherence_asc'][0].max() == np.float32(0.8)
    assert (source.record['read'], source.record['positive']) == ('los_disp', 'toward')


def test_unwrapped_phase_is_away_and_is_turned(product, layers_of, check_truth):
    product.unlink()
    (source,) = open_hyp3(product.parent, water=True)
    check_truth(layers_of([source])['insar_velocity_los'])
    assert (source.record['read'], source.record['positive']) == ('unw_phase', 'away')


def test_an_isce_burst_is_read_by_its_name(write_part, moved, layers_of, check_truth):
    path = write_part('unw_phase', -moved * 4 * np.pi / WAVELENGTH, ISCE)
    check_truth(layers_of(open_hyp3(path))['insar_velocity_los'])


def test_water_is_invalid_by_default(product, truth, layers_of):
    truth.valid[0, 0] = False
    found = layers_of(open_hyp3(product))
    assert np.array_equal(found['insar_velocity_los'][1], truth.valid)
    assert not found['insar_coherence'][1][0, 0]


def test_incoherent_pixels_can_be_left_out(product, layers_of):
    assert not layers_of(open_hyp3(product, mask_below=0.85))['insar_velocity_los'][1].any()
    assert layers_of(open_hyp3(product, mask_below=0.75))['insar_velocity_los'][1].any()


def test_two_products_in_a_folder_are_refused_and_a_file_tells_which(
    product, write_part, moved, layers_of, check_truth
):
    write_part('los_disp', 2 * moved, ISCE)
    with pytest.raises(ProductError, match='holds several products'):
        open_hyp3(product.parent)
    check_truth(layers_of(open_hyp3(product, water=True))['insar_velocity_los'])


def test_what_is_no_product_is_refused(tmp_path, write_part, product):
    with pytest.raises(FileMissingError):
        open_hyp3(tmp_path / 'nowhere')
    with pytest.raises(ProductError, match=r'expected a name that ends in _los_disp\.tif'):
        open_hyp3(write_part('velocity', 0.0))
    with pytest.raises(ProductError, match='two dates in NAME'):
        open_hyp3(write_part('los_disp', 1.0, 'S1_undated'))
    with pytest.raises(LayerUnknownError, match='holds no insar_velocity_up'):
        open_hyp3(product, layers=['insar_velocity_up'])


def test_parts_on_another_grid_are_refused(product, write_part):
    write_part('lv_theta', 0.9, west=510_000.0)
    with pytest.raises(ProductError, match=r'lv_theta\.tif: lies on .*expected one grid'):
        open_hyp3(product)
