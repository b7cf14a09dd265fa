from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import write_geotiff
from fusionls.stack.store import ModalityArrays, write_stack
from fusionls.visualization import preview

UTM = pyproj.CRS.from_epsg(32617)


def grid(rows, cols):
    return Grid(UTM, 500000.0, 4000000.0, 10.0, 10.0, rows, cols)


def means_by_hand(values, valid, side):
    rows, cols = (-(-length // side) for length in values.shape)
    out = np.full((rows, cols), np.nan)
    for r in range(rows):
        for c in range(cols):
            block = (slice(r * side, (r + 1) * side), slice(c * side, (c + 1) * side))
            if valid[block].any():
                out[r, c] = values[block][valid[block]].mean()
    return out


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 2000))
def test_blocks_bring_a_scene_down_to_the_asked_size(rows, cols, max_side):
    side = preview.block_side((rows, cols), max_side)
    assert -(-max(rows, cols) // side) <= max_side
    assert side == 1 or max(rows, cols) / (side - 1) > max_side


@pytest.mark.parametrize('strip_pixels', [1, 500, 10**6])
@pytest.mark.parametrize('max_side', [4, 7, 16, 100])
def test_layers_are_the_means_of_their_valid_pixels_whatever_the_strips(
    tmp_path, monkeypatch, strip_pixels, max_side
):
    monkeypatch.setattr(preview, 'STRIP_PIXELS', strip_pixels)
    rng = np.random.default_rng(1)
    fine, coarse = rng.random((2, 52, 36)), rng.random((1, 13, 9))
    seen, seen_coarse = rng.random((52, 36)) > 0.6, rng.random((13, 9)) > 0.6
    stack = write_stack(
        tmp_path / 's',
        grid(52, 36),
        {
            'optical': ModalityArrays(fine, seen, ['optical_red', 'optical_green']),
            'insar': ModalityArrays(coarse, seen_coarse, ['insar_velocity_los'], 4),
        },
    )
    found = preview.layer_previews(stack, ['optical_green', 'insar_velocity_los'], max_side)
    sides = preview.preview_sides(stack, max_side)
    np.testing.assert_allclose(
        found['optical_green'],
        means_by_hand(fine[1].astype(np.float32), seen, sides['optical']),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        found['insar_velocity_los'],
        means_by_hand(coarse[0].astype(np.float32), seen_coarse, sides['insar']),
        rtol=1e-5,
    )


@pytest.mark.parametrize('strip_pixels', [1, 10**6])
def test_one_landslide_pixel_shows_in_its_block(tmp_path, monkeypatch, strip_pixels):
    monkeypatch.setattr(preview, 'STRIP_PIXELS', strip_pixels)
    labels = np.zeros((20, 12), np.uint8)
    labels[:4] = 255
    labels[9, 7] = 1
    labels[19, 0] = 255
    stack = write_stack(
        tmp_path / 's',
        grid(20, 12),
        {
            'optical': ModalityArrays(
                np.ones((1, 20, 12)), np.ones((20, 12), bool), ['optical_grey']
            )
        },
        labels=labels,
    )
    found = preview.label_preview(stack, 5)
    assert found.tolist() == [[255] * 3, [0] * 3, [0, 1, 0], [0] * 3, [0] * 3]


def test_a_probability_map_is_averaged_over_valid_pixels(tmp_path):
    values = np.full((1, 8, 8), 0.25, np.float32)
    values[0, :4, :4] = np.nan
    values[0, 5, 5] = np.nan
    write_geotiff(tmp_path / 'p.tif', grid(8, 8), ['landslide_probability'], values)
    found = preview.probability_preview(tmp_path / 'p.tif', 2)
    np.testing.assert_allclose(found, [[np.nan, 0.25], [0.25, 0.25]])
