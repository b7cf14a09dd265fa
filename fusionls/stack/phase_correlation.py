"""The shift between two images that show the same ground, and how sure it is.

Flow: tiles of two images on one grid -> [here] -> stack.coregistration, stack.inspection.
Source: phase correlation, Kuglin and Hines (1975), Proc. Int. Conf. Cybernetics and Society, of
gradient magnitudes, which different sensors share where their grey values do not (Argyriou and
Vlachos 2003, Electronics Letters 39, for gradient correlation); averaged over overlapping tiles
under a Hann window (Welch 1967, IEEE Trans. Audio Electroacoust. 15); smoothed by a Gaussian, so
that the logarithm of the peak is a paraboloid between pixels, whatever way the peak leans.
Sureness: how far the peak stands above the rest of the correlation and above its next highest
point, and whether halves of the tiles, drawn again and again, agree. A shift that is not sure is
undecided, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window

SIDES = (128, 64)
"""Sides of a tile, pixels; the larger one where the scene holds enough of them."""
MAX_TILES = 64
"""Tiles looked at, spread over the scene."""
LEAST_TILES = 4
"""Tiles below which nothing is decided: there is nothing to agree."""
LEAST_VALID = 0.5
"""Share of a tile that must be valid in both."""
LARGEST = 16
"""Pixels of shift that are searched."""
LEAST_HEIGHT = 7.0
"""Standard deviations of the correlation by which the peak must stand above its mean; unrelated
images, real ones turned or mirrored included, reached 5.2 in some 150 trials."""
LEAST_CONTRAST = 1.5
"""Height of the peak over that of the next highest point."""
LEAST_AGREEMENT = 0.7
"""Share of redrawn halves that must find the peak within half a pixel."""
_ENOUGH = 6  # tiles for which the larger side is taken
_TRIES = 10  # tiles read for each one of MAX_TILES, where most are invalid
_DRAWS = 20
_BLUR = 1.0  # pixels: deviation of the Gaussian the correlation is smoothed by
_LOCAL = 2.0  # pixels: deviation of the Gaussian of local means and of soft outlines of holes
_CLIP = 4.0  # gradients beyond this many typical ones count as that: an edge, however hard
_PEAK = 3  # pixels around the highest point that belong to its peak
_FALL = 4.0  # e-folds below the peak beyond which its flank says nothing of its place
Numbers = NDArray[np.float64]
Tile = tuple[FloatArray, BoolArray, FloatArray, BoolArray]
"""Reference (bands, h, w) and where it is valid (h, w); what would be moved, alike."""


@dataclass(frozen=True)
class PixelShift:
    """A move that lays one image on another.

    Attributes:
        rows: Pixels down.
        cols: Pixels to the right.
        height: How far the peak stands above the correlation, standard deviations.
        contrast: The peak over the next highest point of the correlation.
        agreement: Share of redrawn halves of the tiles that agree.
        tiles: Tiles that were compared.
    """

    rows: float = 0.0
    cols: float = 0.0
    height: float = 0.0
    contrast: float = 0.0
    agreement: float = 0.0
    tiles: int = 0

    @property
    def pixels(self) -> float:
        """Length of the move."""
        return float(np.hypot(self.rows, self.cols))

    @property
    def decided(self) -> bool:
        """Whether it is sure."""
        return (
            self.height >= LEAST_HEIGHT
            and self.contrast >= LEAST_CONTRAST
            and self.agreement >= LEAST_AGREEMENT
        )

    @property
    def reliability(self) -> float:
        """0 to 1: agreement, less where the peak is low."""
        return round(self.agreement * min(self.height / (2 * LEAST_HEIGHT), 1.0), 3)


def tile_windows(rows: int, cols: int, unit: int = 1) -> Iterator[Window]:
    """Tiles that overlap by half, spread over a scene in a random but fixed order.

    Args:
        rows: Of the scene.
        cols: Of the scene.
        unit: Rows and columns of windows are multiples of it, as those of the scene are.
    """
    for side in SIDES:
        places = [_starts(length // unit, max(side // unit, 1)) for length in (rows, cols)]
        count = len(places[0]) * len(places[1])
        if count >= _ENOUGH:
            break
    height, width = (min(max(side // unit, 1), length // unit) for length in (rows, cols))
    order = np.random.default_rng(0).permutation(count)
    for index in order[: MAX_TILES * _TRIES]:
        row, col = divmod(int(index), len(places[1]))
        yield Window(places[0][row] * unit, places[1][col] * unit, height * unit, width * unit)


def _starts(length: int, side: int) -> list[int]:
    """Starts of overlapping pieces of a length; the last one touches its end."""
    if length <= side:
        return [0]
    return [*range(0, length - side, max(side // 2, 1)), length - side]


def shift_of(tiles: Iterable[Tile]) -> PixelShift:
    """The shift between two images.

    Args:
        tiles: Pieces of both on one grid; those with too little valid ground are skipped, and no
            more than :data:`MAX_TILES` others are taken.
    """
    correlations: list[Numbers] = []
    for reference, seen, moving, present in tiles:
        sides = edges(reference, seen), edges(moving, present)
        common = sides[0][1] & sides[1][1]
        if common.mean() < LEAST_VALID:
            continue
        found = correlation(sides[0][0], sides[1][0], common)
        if not correlations or found.shape == correlations[0].shape:
            correlations.append(found)
        if len(correlations) == MAX_TILES:
            break
    if not correlations:
        return PixelShift()
    rows, cols, height, contrast = peak(np.mean(correlations, axis=0))
    agreement = _agreement(correlations, rows, cols)
    return PixelShift(rows, cols, height, contrast, agreement, len(correlations))


def edges(values: FloatArray, valid: BoolArray) -> tuple[Numbers, BoolArray]:
    """Gradient magnitude of some bands together, each in units of its own typical one.

    Args:
        values: (bands, h, w); anything where invalid.
        valid: (h, w).

    Returns:
        (h, w) and where it is known: pixels whose eight neighbours are valid.
    """
    sound = ndimage.binary_erosion(valid, np.ones((3, 3)), border_value=1)
    total: Numbers = np.zeros(valid.shape)
    for band in values:
        plane = np.where(valid, band, 0).astype(np.float64)
        gradient = np.hypot(*np.gradient(plane)) if min(plane.shape) > 1 else np.zeros_like(plane)
        inside = gradient[sound]
        typical = float(np.median(inside)) if inside.size else 0.0
        if not typical > 0 and inside.size:
            typical = float(inside.mean())
        if typical > 0:
            total += np.minimum(gradient / typical, _CLIP)
    return total, sound


def correlation(reference: Numbers, moving: Numbers, valid: BoolArray) -> Numbers:
    """Phase correlation of two images around zero shift.

    Args:
        reference: (h, w).
        moving: (h, w).
        valid: (h, w); local means are taken off and weights fall towards other pixels, so that
            their outline, which both share, is no edge.

    Returns:
        (2 n + 1, 2 n + 1) with n = min(:data:`LARGEST`, a quarter of the side); its middle is
        zero shift, one row down is a move of ``moving`` by one row down.
    """
    taper = np.outer(np.hanning(valid.shape[0] + 2)[1:-1], np.hanning(valid.shape[1] + 2)[1:-1])
    share = ndimage.gaussian_filter(valid.astype(np.float64), _LOCAL)
    weight = taper * share * valid
    spectra = []
    for image in (reference, moving):
        local = ndimage.gaussian_filter(np.where(valid, image, 0.0), _LOCAL)
        local /= np.maximum(share, 1e-12)
        spectra.append(fft.rfft2(np.where(valid, image - local, 0.0) * weight))
    cross = spectra[0] * np.conj(spectra[1])
    length = np.abs(cross)
    cross /= np.where(length > 0, length, 1.0)
    down = fft.fftfreq(valid.shape[0])[:, None]
    along = fft.rfftfreq(valid.shape[1])[None]
    cross *= np.exp(-2 * (np.pi * _BLUR) ** 2 * (down**2 + along**2))
    surface = fft.fftshift(fft.irfft2(cross, s=valid.shape))
    reach = [min(LARGEST, n // 4) for n in valid.shape]
    middle = [n // 2 for n in valid.shape]
    found: Numbers = surface[
        middle[0] - reach[0] : middle[0] + reach[0] + 1,
        middle[1] - reach[1] : middle[1] + reach[1] + 1,
    ]
    return found


def peak(surface: Numbers) -> tuple[float, float, float, float]:
    """Rows and columns of the highest point, between pixels, and how far it stands out.

    Returns:
        Rows down, columns to the right from the middle; height in standard deviations of the
        rest of the surface above its mean; height over that of the next highest point. All zero
        where the highest point lies on the rim: then the peak is beyond it, or nowhere.
    """
    rows, cols = surface.shape
    row, col = divmod(int(surface.argmax()), cols)
    rest = np.ones(surface.shape, bool)
    rest[max(row - _PEAK, 0) : row + _PEAK + 1, max(col - _PEAK, 0) : col + _PEAK + 1] = False
    if not (0 < row < rows - 1 and 0 < col < cols - 1) or rest.sum() < 9:
        return 0.0, 0.0, 0.0, 0.0
    low, deviation = float(surface[rest].mean()), float(surface[rest].std())
    above = float(surface[row, col]) - low
    down, along = _summit(surface[row - 1 : row + 2, col - 1 : col + 2] - low)
    return (
        row + down - rows // 2,
        col + along - cols // 2,
        above / max(deviation, 1e-12),
        above / max(float(surface[rest].max()) - low, 1e-12),
    )


_STEPS = np.array([(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)], np.float64)
_PARABOLOID = np.linalg.pinv(
    np.column_stack([np.ones(9), _STEPS, _STEPS**2, _STEPS[:, 0] * _STEPS[:, 1]])
)
"""Coefficients of 1, r, c, r^2, c^2, rc by least squares through 3 x 3 values."""


def _summit(around: Numbers) -> tuple[float, float]:
    """Where the paraboloid through the logarithms of 3 x 3 values is highest, from the middle."""
    logarithms = np.log(np.maximum(around, around.max() * np.exp(-_FALL)))
    fitted = _PARABOLOID @ logarithms.ravel()
    bend = np.array([[2 * fitted[3], fitted[5]], [fitted[5], 2 * fitted[4]]])
    if not (bend[0, 0] < 0 and np.linalg.det(bend) > 0):
        return 0.0, 0.0
    offset = np.clip(-np.linalg.solve(bend, fitted[1:3]), -1, 1)
    return float(offset[0]), float(offset[1])


def _agreement(correlations: Sequence[Numbers], rows: float, cols: float) -> float:
    """Share of redrawn halves of the tiles whose peak lies within half a pixel."""
    if len(correlations) < LEAST_TILES:
        return 0.0
    rng = np.random.default_rng(0)
    stacked = np.stack(correlations)
    found = 0
    for _ in range(_DRAWS):
        drawn = rng.choice(len(stacked), len(stacked) // 2, replace=False)
        row, col, _, _ = peak(stacked[drawn].mean(0))
        found += bool(np.hypot(row - rows, col - cols) <= 0.5)
    return found / _DRAWS
