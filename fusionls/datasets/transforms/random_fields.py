"""Smooth random fields, cheap enough to be drawn for every tile.

Source: cubic B-splines over a lattice of independent normal numbers; sums of such fields at
halved lengths have the falling spectrum of natural textures (Musgrave, Kolb and Mace 1989, sec. 2).
"""

from __future__ import annotations

import math
import zlib

import numpy as np

from fusionls.geo.raster import FloatArray


def own_generator(seed: int, name: str) -> np.random.Generator:
    """A generator of a modality's or layer's own: what others draw changes nothing in it."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], length: float) -> FloatArray:
    """Normal noise that is alike over some pixels.

    Args:
        rng: Source of randomness.
        shape: Rows and columns.
        length: Distance of the lattice's nodes, pixels; noise is alike over about as much.

    Returns:
        (rows, cols) float32; each pixel is normal with mean 0 and deviation 1.
    """
    down, across = (_weights(rng, n, length) for n in shape)
    lattice = rng.standard_normal((down.shape[1], across.shape[1]), np.float32)
    return np.asarray(down @ lattice @ across.T, np.float32)


def _weights(rng: np.random.Generator, pixels: int, length: float) -> FloatArray:
    """(pixels, nodes): share of each node in each pixel, rows of length one."""
    at = np.arange(pixels) / length + rng.random()
    first = np.floor(at).astype(int)
    t = at - first
    shares = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1
    )
    # rows of length one: every pixel then has the deviation of a node
    shares /= np.linalg.norm(shares, axis=1, keepdims=True)
    weights = np.zeros((pixels, first[-1] + 4), np.float32)
    np.put_along_axis(weights, first[:, None] + np.arange(4), shares.astype(np.float32), axis=1)
    return weights


def rough_noise(
    rng: np.random.Generator, shape: tuple[int, ...], longest: float, roughness: float
) -> FloatArray:
    """Noise of all lengths down to a pixel, as surfaces and vegetation have it.

    Args:
        rng: Source of randomness.
        shape: Rows and columns.
        longest: Its longest length, pixels.
        roughness: Deviation of each octave over that of the next longer one; 0 is smooth.

    Returns:
        (rows, cols) float32, mean 0 and deviation 1.
    """
    octaves = max(0, math.ceil(math.log2(longest)))
    field = np.float32(roughness**octaves) * rng.standard_normal(shape, np.float32)
    for octave in range(octaves):
        field += np.float32(roughness**octave) * smooth_noise(rng, shape, longest / 2**octave)
    power = sum(roughness ** (2 * octave) for octave in range(octaves + 1))
    return field / np.float32(math.sqrt(power))
