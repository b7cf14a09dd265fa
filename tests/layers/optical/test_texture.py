from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.errors import LayerUnknownError
from fusionls.geo.cell_size import CellSize
from fusionls.layers.derivation import derive, halo_of, step_of
from fusionls.layers.optical import local_deviation

ROWS, COLS = 40, 33


def picture(seed=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.02, 0.4, (ROWS, COLS)).astype(np.float32), rng.random((ROWS, COLS)) > 0.1


def test_it_is_the_standard_deviation_of_the_valid_pixels_of_the_window():
    values, valid = picture()
    found, sound = local_deviation(values, valid, 2, 3)
    for row, col in ((10, 10), (2, 3), (30, 20), (0, 0), (ROWS - 1, 5)):
        window = (slice(max(row - 2, 0), row + 3), slice(max(col - 3, 0), col + 4))
        inside = values[window][valid[window]].astype(np.float64)
        assert sound[row, col] == (valid[row, col] and inside.size >= 35 / 2)
        if sound[row, col]:
            assert found[row, col] == pytest.approx(inside.std(), abs=1e-7)


def test_flat_ground_has_none_at_any_brightness():
    for level in (0.0, 0.3, 65535.0):
        flat = np.full((9, 9), level, np.float32)
        found, sound = local_deviation(flat, np.ones((9, 9), bool), 2, 2)
        assert found.max() <= 1e-6 * level
        assert sound[4, 4]


def test_a_slope_of_brightness_has_the_deviation_of_its_steps():
    ramp = np.tile(np.arange(21, dtype=np.float32), (21, 1))
    found, _ = local_deviation(ramp, np.ones(ramp.shape, bool), 3, 3)
    assert found[10, 10] == pytest.approx(2.0)  # of -3..3: sqrt((49 - 1) / 12)
    assert np.array_equal(found[3:-3, 3:-3], found.T[3:-3, 3:-3].T)


@given(st.floats(0.125, 10, width=32), st.floats(0, 5, width=32))
def test_brighter_light_scales_it_and_haze_does_not_change_it(gain, haze):
    values, valid = picture()
    one, sound = local_deviation(values, valid, 1, 1)
    other, _ = local_deviation(values * np.float32(gain) + np.float32(haze), valid, 1, 1)
    assert other[sound] == pytest.approx(one[sound] * gain, rel=1e-3, abs=1e-5)


def test_fewer_than_half_of_the_window_make_none():
    valid = np.zeros((5, 5), bool)
    valid[1:3, 1:4] = True  # six of the nine around (1, 2), as around (2, 2)
    _, sound = local_deviation(np.ones((5, 5), np.float32), valid, 1, 1)
    assert np.argwhere(sound).tolist() == [[1, 2], [2, 2]]


def test_the_window_is_given_in_metres():
    layers = {
        f'optical_{name}': (picture(seed)[0], np.ones((ROWS, COLS), bool))
        for seed, name in enumerate(('red', 'green', 'blue'))
    }
    names = ['optical_texture', 'optical_texture_r20', 'optical_texture_r4']
    found = derive(layers, [*names, 'optical_brightness'], 10.0)
    brightness, valid = found['optical_brightness']
    for name, reach in zip(names, (3, 2, 1), strict=True):
        assert np.array_equal(found[name][0], local_deviation(brightness, valid, reach, reach)[0])
    assert halo_of(['optical_texture_r2p5'], layers, 0.5) == 5
    with pytest.raises(LayerUnknownError, match=r'r is 2000, expected 0\.1 to 1000'):
        step_of('optical_texture_r2000')


@pytest.mark.parametrize('rows', [3, 17])
def test_rows_of_other_widths_have_windows_of_their_own(monkeypatch, rows):
    from fusionls.layers import derivation

    layers = {
        f'optical_{name}': (picture(seed)[0], picture(seed)[1])
        for seed, name in enumerate(('red', 'green', 'blue'))
    }
    cell = CellSize(np.linspace(6.0, 14.0, ROWS), np.full(ROWS, 9.0))
    monkeypatch.setattr(derivation, 'strip_rows', lambda cols, reach: rows)
    found = derive(layers, ['optical_texture', 'optical_brightness'], cell)
    texture, sound = found['optical_texture']
    for row in (8, 20, 31):
        reach = round(30 / cell.east[row])
        values, valid = local_deviation(*found['optical_brightness'], 3, reach)
        assert np.array_equal(texture[row], values[row])
        assert np.array_equal(sound[row], valid[row])
