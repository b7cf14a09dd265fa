"""Files with one fault each: it is found, with its cure; of sound files nothing is said."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from fusionls.errors import FileMissingError
from fusionls.stack.inspection import Severity, inspect_files


@pytest.fixture
def found(tmp_path):
    """Checks and severities of what is found of files in the folder of the test."""

    def inspect(*names: str) -> dict[str, list]:
        inspection = inspect_files([tmp_path / name for name in names])
        by_check: dict[str, list] = {}
        for finding in inspection.faults:
            assert finding.cure
            by_check.setdefault(finding.check, []).append(finding)
        assert inspection.exit_code == bool(inspection.faults)
        return by_check

    return inspect


def test_sound_files_have_no_fault(write_raster, found, ground, picture):
    dem = ground()
    write_raster('dem.tif', dem)
    write_raster('optical.tif', picture(dem))
    assert found('dem.tif', 'optical.tif') == {}


@pytest.mark.parametrize('fill', [-9999.0, -32768.0, -99999.0])
def test_a_fill_value_that_is_not_declared(write_raster, found, fill, ground):
    dem = ground()
    dem[30:50, 40:90] = fill
    write_raster('dem.tif', dem)
    (finding,) = found('dem.tif')['nodata']
    assert f'are {fill:g}' in finding.text
    assert f'nodata: {fill:g}' in finding.cure
    write_raster('dem.tif', dem, nodata=fill)
    assert found('dem.tif') == {}


def test_zeros_around_a_turned_footprint(write_raster, found, ground):
    dem = ground()
    rows, cols = np.mgrid[:256, :256]
    dem[rows + cols < 150] = 0
    write_raster('dem.tif', dem)
    (finding,) = found('dem.tif')['nodata']
    assert 'exactly 0 with a cliff' in finding.text


def test_a_plain_at_sea_level_is_no_hole(write_raster, found, ground):
    """Ground that reaches zero gently, as a coast does."""
    dem = np.maximum(ground() - 950, 0)
    assert (dem == 0).mean() > 0.3
    write_raster('dem.tif', dem)
    assert found('dem.tif') == {}


def test_nothing_valid(write_raster, found):
    write_raster('dem.tif', np.full((64, 64), np.nan, np.float32))
    (finding,) = found('dem.tif')['nodata']
    assert finding.severity is Severity.ERROR


def test_bright_pixels_that_count_as_nodata(write_raster, found, ground, picture):
    image = (picture(ground())[:3] // 80).clip(1, 254).astype(np.uint8)
    image[0, 10:20, 10:40] = 255
    write_raster('optical.tif', image, nodata=255)
    (finding,) = found('optical.tif')['nodata']
    assert 'in some bands and not in all' in finding.text
    assert 'product: rgb' in finding.cure


def test_a_mask_whose_background_is_nodata(write_raster, found):
    mask = np.zeros((64, 64), np.uint8)
    mask[10:30, 10:30] = 1
    write_raster('mask.tif', mask, nodata=0)
    (finding,) = found('mask.tif')['nodata']
    assert 'holds 1 alone' in finding.text


def test_heights_in_feet_beyond_any_mountain(write_raster, found, ground):
    write_raster('dem.tif', (ground() + 3000) / np.float32(0.3048))
    (finding,) = found('dem.tif')['unit']
    assert 'unit: ft' in finding.cure


def test_heights_in_feet_by_the_files_own_word(write_raster, found, tmp_path, ground):
    path = write_raster('dem.tif', ground())
    with rasterio.open(path, 'r+') as dataset:
        dataset.units = ('US survey foot',)
    (finding,) = found('dem.tif')['unit']
    assert 'us survey foot' in finding.text


def test_heights_in_feet_by_their_crs(write_raster, found, ground):
    write_raster('dem.tif', ground(), crs='EPSG:2285', pixel=30.0)  # Washington North, US feet
    (finding,) = found('dem.tif')['unit']
    assert 'CRS counts in feet' in finding.text


def test_heights_in_feet_beside_the_same_in_metres(write_raster, found, ground):
    dem = ground()
    write_raster('dem.tif', dem)
    write_raster('dsm.tif', dem / np.float32(0.3048))
    (finding,) = found('dem.tif', 'dsm.tif')['unit']
    assert finding.subject == 'dsm.tif'
    assert '3.28 times' in finding.text


def test_heights_in_centimetres_are_too_steep(write_raster, found, ground):
    dem = 8000 + (ground() - 900) * 30
    write_raster('dem.tif', dem.clip(0, 9000))
    assert any('steeper than' in f.text for f in found('dem.tif')['unit'])


def test_velocities_in_millimetres(write_raster, found):
    rng = np.random.default_rng(0)
    write_raster('velocity.tif', rng.normal(0, 3, (128, 128)).astype(np.float32))
    (finding,) = found('velocity.tif')['unit']
    assert 'unit: mm/yr' in finding.cure


def test_coherence_as_bytes(write_raster, found):
    write_raster('coherence.tif', np.arange(256, dtype=np.uint8).repeat(64).reshape(128, 128))
    (finding,) = found('coherence.tif')['unit']
    assert 'divide by 255' in finding.cure


def test_velocities_that_were_not_referenced(write_raster, found):
    rng = np.random.default_rng(0)
    velocity = rng.normal(-0.02, 0.002, (128, 128)).astype(np.float32)
    velocity[40:80, 30:90] -= 0.05  # what moves
    write_raster('velocity.tif', velocity)
    (finding,) = found('velocity.tif')['reference']
    assert '-20' in finding.text
    velocity += 0.02
    write_raster('velocity.tif', velocity)
    assert found('velocity.tif') == {}


@pytest.mark.parametrize(('sign', 'text'), [(-1, 'away from the satellite and'), (1, 'uplift')])
def test_the_side_of_motion_tells_the_sign(write_raster, tmp_path, sign, text):
    rng = np.random.default_rng(0)
    velocity = rng.normal(0, 0.002, (128, 128)).astype(np.float32)
    velocity[40:80, 30:90] += sign * 0.05
    write_raster('velocity.tif', velocity)
    notes = inspect_files([tmp_path / 'velocity.tif']).notes
    (said,) = [note for note in notes if note.check == 'sign']
    assert text in said.text
    assert ('positive: away' in said.cure) == (sign > 0)


def test_files_that_cannot_be_placed_or_read(write_raster, found, tmp_path, ground):
    write_raster('bare.tif', ground(), crs=None)
    write_raster('turned.tif', ground(), transform=Affine(10, 1, 5e5, 1, -10, 4e6))
    (tmp_path / 'text.tif').write_text('no')
    texts = [f.text for f in found('bare.tif', 'turned.tif', 'text.tif')['file']]
    assert any('has no CRS' in text for text in texts)
    assert any('its transform' in text for text in texts)
    assert any('not a raster' in text for text in texts)


def test_a_folder_stands_for_its_files_and_an_empty_one_is_refused(write_raster, tmp_path, ground):
    write_raster('dem.tif', ground())
    assert [f.subject for f in inspect_files([tmp_path]).facts] == ['dem.tif']
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileMissingError, match='holds no file'):
        inspect_files([tmp_path / 'empty'])
    with pytest.raises(FileMissingError, match='no such file'):
        inspect_files([tmp_path / 'gone.tif'])


def test_names_that_occur_twice_are_told_apart(write_raster, tmp_path, ground):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'masks').mkdir()
    write_raster('images/a.tif', ground(64))
    write_raster('masks/a.tif', ground(64))
    assert [f.subject for f in inspect_files([tmp_path]).facts] == ['images/a.tif', 'masks/a.tif']


def test_compressed_stripes(tmp_path, found):
    with rasterio.open(
        tmp_path / 'optical.tif', 'w', driver='GTiff', dtype='uint16', count=1, width=2500,
        height=600, crs='EPSG:32617', transform=Affine(10, 0, 5e5, 0, -10, 4e6),
        compress='deflate', blockysize=1,
    ) as dataset:  # fmt: skip
        dataset.write(np.random.default_rng(0).integers(1, 5000, (1, 600, 2500), np.uint16))
    (finding,) = found('optical.tif')['layout']
    assert 'TILED=YES' in finding.cure


def test_layers_and_points_are_named_by_their_product(tmp_path):
    (tmp_path / 'points.laz').write_bytes(b'')
    (tmp_path / 'landslides.gpkg').write_bytes(b'')
    notes = inspect_files([tmp_path]).notes
    assert any('product: lidar' in note.cure for note in notes)
    assert any('landslides: {file: landslides.gpkg}' in note.cure for note in notes)


@pytest.mark.real_data
def test_the_quirks_of_public_files_are_found_and_no_others(real_data):
    expected = {
        'jiuzhaigou_dem_terrain': {('DEM_030.tif', 'nodata'), ('DEM_030_SLOPE.tif', 'nodata')},
        'rmnp_rgb_dem': {('rmnp-rgb.tif', 'nodata')},
        'puthumala_s2_s1_dem': set(),
        'insar_licsbas_campi_flegrei/geotiff': {
            ('vel.tif', 'unit'), ('vel.tif', 'reference'), ('vel_mskd.tif', 'unit'),
            ('vel_mskd.tif', 'reference'), ('vstd.tif', 'unit'),
        },
    }  # fmt: skip
    for folder, faults in expected.items():
        if not (real_data / folder).is_dir():
            pytest.skip(f'{folder} is not among the public data sets')
        inspection = inspect_files([real_data / folder])
        assert {(f.subject, f.check) for f in inspection.faults} == faults
