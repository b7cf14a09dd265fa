from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import (
    BandCountError,
    CrsMissingError,
    FileMissingError,
    InputError,
    LayerUnknownError,
    UnitUnknownError,
)
from fusionls.geo.window import Window
from fusionls.quantities import Kind
from fusionls.sources import SourceRaster

VALUES = np.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]], np.float32)


def test_layers_come_by_name_in_canonical_units(write_raster):
    path = write_raster('v.tif', VALUES)
    source = SourceRaster.open(
        path,
        ['insar_velocity_los', 'insar_coherence'],
        unit={'insar_velocity_los': 'mm/yr'},
    )
    values, valid = source.read()
    assert source.layers == ('insar_velocity_los', 'insar_coherence')
    assert values[0] == pytest.approx(VALUES[0] / 1000)
    assert np.array_equal(values[1], VALUES[1])
    assert valid.all()
    assert source.quantities['insar_velocity_los'].unit == 'm/yr'


def test_null_skips_a_band(write_raster):
    source = SourceRaster.open(write_raster('o.tif', VALUES), [None, 'optical_nir'])
    assert np.array_equal(source.read()[0], VALUES[1:])
    assert source.bands == {'optical_nir': 2}


def test_a_scale_declared_in_the_file_is_applied_before_the_unit(write_raster):
    path = write_raster('dem.tif', VALUES[:1].astype(np.int16), scale=0.5)
    source = SourceRaster.open(path, ['terrain_elevation'], unit='cm')
    assert source.read()[0] == pytest.approx(VALUES[:1] * 0.5 * 0.01)


def test_nan_infinity_and_nodata_are_invalid_and_zero(write_raster):
    values = np.array([[[np.nan, np.inf], [-9999.0, 7.0]]], np.float32)
    source = SourceRaster.open(write_raster('d.tif', values), ['terrain_elevation'], nodata=-9999)
    found, valid = source.read()
    assert valid.tolist() == [[[False, False], [False, True]]]
    assert found.tolist() == [[[0, 0], [0, 7]]]


def test_mask_below_makes_pixels_invalid_in_all_layers_of_the_file(write_raster):
    values = np.stack([np.full((2, 2), 9.0), [[0.2, 0.3], [0.4, np.nan]]]).astype(np.float32)
    source = SourceRaster.open(
        write_raster('c.tif', values),
        ['optical_red', 'insar_coherence'],
        mask_below=np.float32(0.3),
    )
    _, valid = source.read()
    assert valid[1].tolist() == [[False, True], [True, False]]
    assert np.array_equal(valid[0], valid[1])


def test_a_window_reads_its_pixels(write_raster):
    source = SourceRaster.open(write_raster('o.tif', VALUES), ['optical_red', 'optical_nir'])
    assert np.array_equal(source.read(Window(1, 0, 1, 2))[0], VALUES[:, 1:])


def test_a_layer_of_ones_own_needs_unit_and_kind(write_raster):
    path = write_raster('g.tif', VALUES[:1])
    with pytest.raises(LayerUnknownError, match=r"g\.tif: layer 'soil_class' is unknown"):
        SourceRaster.open(path, ['soil_class'])
    source = SourceRaster.open(path, ['soil_class'], unit='1', kind='categorical')
    assert source.kinds == (Kind.CATEGORICAL,)


def test_a_kind_that_contradicts_the_catalogue_is_refused(write_raster):
    path = write_raster('d.tif', VALUES[:1])
    with pytest.raises(LayerUnknownError, match='continuous in the catalogue, not azimuth'):
        SourceRaster.open(path, ['terrain_elevation'], kind='azimuth')


@pytest.mark.parametrize('layers', [['optical_red'], ['optical_red', 'optical_green', None]])
def test_another_number_of_bands_is_refused_with_both_numbers(write_raster, layers):
    path = write_raster('o.tif', VALUES)
    with pytest.raises(BandCountError, match=rf'o\.tif: holds 2 bands, but {len(layers)} '):
        SourceRaster.open(path, layers)


def test_a_unit_that_does_not_fit_names_file_layer_and_those_that_do(write_raster):
    with pytest.raises(UnitUnknownError, match=r"d\.tif: .*terrain_elevation.*needs 'm'.*ft"):
        SourceRaster.open(write_raster('d.tif', VALUES[:1]), ['terrain_elevation'], unit='mm/yr')


@pytest.mark.parametrize('layers', [[None, None], ['optical_red', 'optical_red']])
def test_each_layer_is_named_once(write_raster, layers):
    with pytest.raises(InputError, match='name each layer once'):
        SourceRaster.open(write_raster('o.tif', VALUES), layers)


def test_one_wrong_thing_is_its_own_error(write_raster, tmp_path):
    with pytest.raises(CrsMissingError):
        SourceRaster.open(write_raster('a.tif', VALUES[:1], crs=None), ['optical_red'])
    with pytest.raises(FileMissingError):
        SourceRaster.open(tmp_path / 'nowhere.tif', ['optical_red'])


def test_all_that_is_wrong_is_said_at_once(write_raster):
    path = write_raster('a.tif', VALUES, crs=None)
    with pytest.raises(InputError) as caught:
        SourceRaster.open(path, ['terrain_elevation', 'terrain_slop', 'x'], unit='parsec')
    text = str(caught.value)
    assert '(5 problems)' in text
    for part in ("'parsec' is unknown", "'terrain_slop' is unknown", "'x' is unknown", 'no CRS',
                 'holds 2 bands, but 3'):  # fmt: skip
        assert part in text


def test_motion_away_from_the_satellite_is_turned_and_nothing_else(write_raster):
    path = write_raster('v.tif', np.stack([np.full((2, 2), 7.0), np.full((2, 2), 0.5)]))
    source = SourceRaster.open(
        path,
        ['insar_velocity_los_asc', 'insar_coherence'],
        unit={'insar_velocity_los_asc': 'mm/yr'},
        positive='away',
    )
    velocity, coherence = source.read()[0]
    assert velocity == pytest.approx(-0.007)
    assert coherence == pytest.approx(0.5)
    assert source.record == {'positive': 'away'}


def test_positive_away_without_any_such_layer_is_refused(write_raster):
    path = write_raster('dem.tif', np.ones((2, 2), np.float32))
    with pytest.raises(InputError, match='positive: away speaks of motion along the line'):
        SourceRaster.open(path, ['terrain_elevation'], positive='away')
    with pytest.raises(InputError, match="positive is 'up', expected toward or away"):
        SourceRaster.open(path, ['terrain_elevation'], positive='up')


def test_a_declared_nodata_can_be_taken_for_a_real_value(write_raster):
    values = np.array([[255, 3], [4, 255]], np.uint8)
    path = write_raster('rgb.tif', values, nodata=255)
    assert not SourceRaster.open(path, ['optical_red']).read()[1].all()
    read, valid = SourceRaster.open(path, ['optical_red'], ignore_nodata=True).read()
    assert valid.all()
    assert np.array_equal(read[0], values)
