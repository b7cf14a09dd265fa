from __future__ import annotations

import numpy as np
import pytest

from fusionls.layers.catalog import CATALOG
from fusionls.layers.derivation import derive
from fusionls.layers.radar.catalog import RADAR_LAYERS
from fusionls.layers.spec import Wanted
from fusionls.quantities import Kind


@pytest.fixture(autouse=True)
def known(monkeypatch):
    for spec in RADAR_LAYERS:
        monkeypatch.setitem(CATALOG, spec.name, spec)


def plane(*powers):
    values = np.array([powers], np.float32)
    return values, np.ones(values.shape, bool)


def test_decibels_are_ten_times_the_logarithm_of_power():
    found, valid = derive(
        {'radar_backscatter_vv': plane(1.0, 0.1, 0.2, 0.0, -1.0)}, ['radar_backscatter_vv_db'], 10.0
    )['radar_backscatter_vv_db']
    assert found[0, :3] == pytest.approx([0.0, -10.0, -6.9897], abs=1e-4)
    assert valid.tolist() == [[True, True, True, False, False]]
    assert found[0, 3:].tolist() == [0, 0]


def test_a_drop_to_half_is_a_change_of_minus_three_decibels():
    layers = {
        'radar_backscatter_vh_post': plane(0.02, 0.04, 0.0),
        'radar_backscatter_vh_pre': plane(0.04, 0.04, 0.04),
    }
    found, valid = derive(layers, ['radar_backscatter_vh_change'], 10.0)[
        'radar_backscatter_vh_change'
    ]
    assert found[0] == pytest.approx([-3.0103, 0.0, 0.0], abs=1e-4)
    assert valid.tolist() == [[True, True, False]]


def test_the_change_is_the_difference_of_decibels():
    layers = {
        'radar_backscatter_vv_post': plane(0.31, 0.2),
        'radar_backscatter_vv_pre': plane(0.1, 0.7),
    }
    names = [f'radar_backscatter_vv_{end}' for end in ('db_post', 'db_pre', 'change')]
    after, before, change = (derive(layers, names, 10.0)[name][0] for name in names)
    assert np.array_equal(change, after - before)


def test_the_cross_ratio_is_cross_over_co_polarised():
    layers = {'radar_backscatter_vv': plane(0.2), 'radar_backscatter_vh': plane(0.05)}
    found = derive(layers, ['radar_cross_ratio'], 10.0)['radar_cross_ratio'][0]
    assert found[0, 0] == pytest.approx(-6.0206, abs=1e-4)


@pytest.mark.parametrize('hole', [np.nan, np.inf, -1e38])
def test_what_stands_under_invalid_pixels_changes_no_bit(hole):
    for spec in RADAR_LAYERS:
        if spec.derivation is None:
            continue
        values, valid = plane(0.3, hole)
        valid[0, 1] = False
        with np.errstate(all='raise'):
            ((found, sound),) = spec.derivation.family(
                [(values, valid)] * len(spec.derivation.needs), [Wanted(spec.name)], 10.0
            )
        assert sound.tolist() == [[True, False]]
        assert found[0, 1] == 0
        assert spec.quantity.kind is Kind.CONTINUOUS


@pytest.mark.real_data
def test_sentinel_1_of_puthumala_is_as_bright_as_forest(real_data):
    path = real_data / 'puthumala_s2_s1_dem' / 'sentinel1' / 'Sentinel-1_2019-12-08_SAR.tif'
    if not path.is_file():
        pytest.skip('puthumala_s2_s1_dem is not among the public data sets')
    from fusionls.sources import SourceRaster

    source = SourceRaster.open(path, ['radar_backscatter_vv', 'radar_backscatter_vh'])
    values, valid = source.read()
    planes = dict(zip(source.layers, zip(values, valid, strict=True), strict=True))
    names = ['radar_backscatter_vv_db', 'radar_backscatter_vh_db', 'radar_cross_ratio']
    found = derive(planes, names, 10.0)
    vv, vh, ratio = (np.median(found[name][0][found[name][1]]) for name in names)
    assert -10 < vv < -5  # tropical forest at C band, sigma nought
    assert -17 < vh < -11
    assert -9 < ratio < -4
