"""Seeded random fields and the few curves that the simulation is made of.

Flow: a generator -> [here] -> every other module of ``simulation``.
Source: spectral synthesis of fractional Brownian surfaces: power spectral density of a surface
    falls with wave number k as k^-(2H+2) (Turcotte 1997, Fractals and Chaos in Geology, ch. 7).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Field:
    """Gaussian field with a Gaussian covariance.

    Args:
        rng: Source of randomness.
        shape: Rows, columns.
        sigma: Standard deviation of the smoothing kernel, pixels; 0 gives white noise.

    Returns:
        ``shape``, zero mean and unit standard deviation.
    """
    noise = rng.standard_normal(shape)
    if sigma > 0:
        # beyond a few pixels, smoothing a coarser field and enlarging it looks the same
        step = max(1, int(sigma // 4))
        coarse = tuple(-(-n // step) + 2 for n in shape)
        field = gaussian_filter(noise[: coarse[0], : coarse[1]], sigma / step, mode='wrap')
        noise = field if step == 1 else _enlarged(field, step)
        noise = noise[: shape[0], : shape[1]]
    return _standard(noise)


def _enlarged(field: Field, step: int) -> Field:
    """Linear interpolation to ``step`` times as many rows and columns."""
    for axis in (0, 1):
        at = np.arange((field.shape[axis] - 1) * step) / step
        low = at.astype(int)
        share = np.expand_dims(at - low, 1 - axis)
        field = (1 - share) * field.take(low, axis) + share * field.take(low + 1, axis)
    return field


def fractal_noise(
    rng: np.random.Generator, shape: tuple[int, ...], hurst: float, longest: float
) -> Field:
    """Self-affine field without wavelengths longer than ``longest``.

    Args:
        rng: Source of randomness.
        shape: Rows, columns.
        hurst: Roughness exponent H in (0, 1); smaller is rougher.
        longest: Longest wavelength, pixels.

    Returns:
        ``shape``, zero mean and unit standard deviation.
    """
    spectrum = np.fft.rfft2(rng.standard_normal(shape))
    k = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
    k[0, 0] = 1.0
    gain = k ** -(hurst + 1.0) * np.exp(-((1.0 / (longest * k)) ** 4))
    gain[0, 0] = 0.0
    return _standard(np.fft.irfft2(spectrum * gain, s=shape))


def _standard(field: Field) -> Field:
    return (field - field.mean()) / field.std()


def smoothstep(values: Field, low: float, high: float) -> Field:
    """0 below ``low``, 1 above ``high``, 3t^2 - 2t^3 between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def gradient(surface: Field, pixel: float) -> tuple[Field, Field]:
    """Rise per metre toward east and toward north of a north-up surface.

    Args:
        surface: (rows, cols), metres.
        pixel: Cell side, metres.
    """
    south, east = np.gradient(surface, pixel)
    return east, -south


def slope_degrees(surface: Field, pixel: float, sigma: float = 0.0) -> Field:
    """Steepest slope, degrees, after smoothing by ``sigma`` pixels.

    Differs: layers.terrain measures a DEM, in float32 and with an invalid rim; the ground that is
    being made has to be known to its edge. Inside both are the same central differences.
    """
    if sigma > 0:
        surface = gaussian_filter(surface, sigma)
    return np.degrees(np.arctan(np.hypot(*gradient(surface, pixel))))


def aspect_degrees(surface: Field, pixel: float, sigma: float = 0.0) -> Field:
    """Direction of steepest descent, degrees clockwise from north, after smoothing."""
    if sigma > 0:
        surface = gaussian_filter(surface, sigma)
    east, north = gradient(surface, pixel)
    return np.degrees(np.arctan2(-east, -north)) % 360.0


def blocks(values: Field, factor: int) -> Field:
    """Mean of blocks of ``factor`` x ``factor`` pixels."""
    rows, cols = (n // factor for n in values.shape)
    return values.reshape(rows, factor, cols, factor).mean((1, 3))
