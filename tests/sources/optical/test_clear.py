from __future__ import annotations

import numpy as np
import pytest

from fusionls.geo.window import Window
from fusionls.sources.optical import open_sentinel2
from fusionls.sources.optical.clear import FMASK_BANDS, fmask_clear, without_bits

# reflectance of blue, green, red, nir, swir1, swir2
CLOUD = (0.45, 0.45, 0.44, 0.50, 0.35, 0.25)
CASES = {
    'cloud': (CLOUD, False),
    'forest': ((0.03, 0.05, 0.03, 0.30, 0.15, 0.06), True),
    'bare scar': ((0.08, 0.11, 0.16, 0.22, 0.30, 0.24), True),  # eq. 3: no haze
    'water': ((0.06, 0.05, 0.03, 0.02, 0.01, 0.01), True),  # eq. 1: dark at 2.2 um
    'snow': ((0.80, 0.80, 0.78, 0.70, 0.08, 0.05), True),  # eq. 1: NDSI 0.82
    'blue roof': ((0.50, 0.20, 0.10, 0.30, 0.20, 0.10), True),  # eq. 2: not white
    'bright rock': ((0.30, 0.32, 0.34, 0.36, 0.50, 0.45), True),  # eq. 4: nir / swir1 0.72
}


def planes(spectrum, shape=(1, 1)):
    return [(np.full(shape, v, np.float32), np.ones(shape, bool)) for v in spectrum]


@pytest.mark.parametrize('name', list(CASES))
def test_each_equation_of_fmask_tells_its_own_surface_from_cloud(name):
    spectrum, clear = CASES[name]
    assert fmask_clear(planes(spectrum)).item() is clear


def test_what_stands_under_invalid_pixels_is_never_cloud():
    parts = planes(CLOUD)
    parts[2] = (np.float32([[np.nan]]), np.zeros((1, 1), bool))
    assert fmask_clear(parts).all()


def test_bits_are_tested_one_by_one():
    flags = np.array([[0, 1, 8, 16, 64, 65535]], np.float32)
    known = np.array([[True, True, True, True, True, True]])
    assert without_bits([(flags, known)], bits=8 | 16).tolist() == [
        [True, True, False, False, True, False]
    ]


def test_clouds_of_the_spectral_rule_are_grown_by_three_pixels_in_any_window(tmp_path, write_image):
    forest = CASES['forest'][0]
    names = ('B02', 'B03', 'B04', 'B08', 'B11', 'B12')
    assert len(names) == len(FMASK_BANDS)
    for name, ground, cloud in zip(names, forest, CLOUD, strict=True):
        counts = np.full((30, 30), ground * 10000, np.uint16)
        counts[10, 12] = cloud * 10000
        counts[0, 29] = cloud * 10000
        write_image(tmp_path / f'{name}.tif', counts)
    source, clear = open_sentinel2(tmp_path, clouds='spectral', layers=['optical_red'])
    cloudy = ~clear.read()[1][0]
    expected = np.zeros((30, 30), bool)
    expected[7:14, 9:16] = expected[0:4, 26:30] = True
    assert np.array_equal(cloudy, expected)
    assert np.array_equal(~source.read()[1][0], expected)
    for window in (Window(13, 0, 9, 30), Window(8, 15, 3, 4), Window(0, 20, 5, 10)):
        assert np.array_equal(~clear.read(window)[1][0], expected[window.slices])


def test_bands_of_two_pixel_sizes_are_judged_on_the_coarser(tmp_path, write_image):
    ground, names = CASES['forest'][0], ('B02', 'B03', 'B04', 'B08', 'B11', 'B12')
    for name, dark, bright in zip(names, ground, CLOUD, strict=True):
        coarse = name in ('B11', 'B12')
        counts = np.full((12, 12) if coarse else (24, 24), dark * 10000, np.uint16)
        counts[: 4 if coarse else 8] = bright * 10000
        write_image(tmp_path / f'{name}.tif', counts, 20.0 if coarse else 10.0)
    source, clear = open_sentinel2(tmp_path, clouds='spectral')
    assert clear.grid.pixel_width == 20
    assert clear.read()[1][0, :, 0].tolist() == [False] * 7 + [True] * 5  # 4 and 3 more
    assert source.read()[1][0, :, 0].tolist() == [False] * 14 + [True] * 10
