import numpy as np
import pytest

from fusionls.layers.derivation import derive
from fusionls.simulation.fields import (
    aspect_degrees,
    blocks,
    fractal_noise,
    slope_degrees,
    smooth_noise,
    smoothstep,
)


@pytest.mark.parametrize('sigma', [0.0, 1.5, 9.0, 40.0])
def test_smooth_noise_has_the_correlation_length_asked_for(sigma):
    field = smooth_noise(np.random.default_rng(0), (400, 400), sigma)
    assert field.mean() == pytest.approx(0.0, abs=1e-9)
    assert field.std() == pytest.approx(1.0)
    if sigma >= 1.5:  # autocorrelation of smoothed noise is exp(-d^2 / (4 sigma^2))
        lag = round(1.5 * sigma)
        found = (field[:, lag:] * field[:, :-lag]).mean()
        assert found == pytest.approx(np.exp(-(lag**2) / (4 * sigma**2)), abs=0.2)


def test_smoother_hurst_exponent_gives_less_short_wave_relief():
    rough, smooth = (
        np.abs(np.diff(fractal_noise(np.random.default_rng(1), (256, 256), h, 64.0))).mean()
        for h in (0.3, 0.9)
    )
    assert smooth < 0.6 * rough


@pytest.mark.parametrize('aspect', [0.0, 60.0, 135.0, 225.0, 300.0])
def test_tilted_plane_has_its_slope_and_aspect(aspect):
    row, col = np.mgrid[0:20, 0:20] * 5.0
    down = np.radians(aspect)
    plane = -np.tan(np.radians(25.0)) * (col * np.sin(down) - row * np.cos(down))
    assert slope_degrees(plane, 5.0) == pytest.approx(25.0)
    turned = (aspect_degrees(plane, 5.0) - aspect + 180.0) % 360.0
    assert turned == pytest.approx(180.0)


def test_blocks_are_means_and_keep_the_total():
    values = np.arange(64.0).reshape(8, 8)
    assert blocks(values, 4).tolist() == [[13.5, 17.5], [45.5, 49.5]]


def test_smoothstep_ends_where_it_should():
    assert smoothstep(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 0.0, 1.0).tolist() == [0, 0, 0.5, 1, 1]


def test_slope_is_that_of_the_terrain_layers_inside_and_known_to_the_rim():
    rng = np.random.default_rng(4)
    surface = 400 + 30 * smooth_noise(rng, (40, 50), 6.0)
    layers = {'terrain_elevation': (surface.astype(np.float32), np.ones(surface.shape, bool))}
    measured, valid = derive(layers, ['terrain_slope_zt'], 5.0)['terrain_slope_zt']
    made = slope_degrees(surface, 5.0)
    assert not valid[0].any()
    assert np.isfinite(made).all()
    assert made[valid] == pytest.approx(measured[valid], abs=2e-3)
