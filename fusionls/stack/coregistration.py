"""Do the modalities of a stack lie on each other? The shift between them, and how sure it is.

Flow: a stack on disk -> [here] -> stack.json, warnings, moves for ``--fix-shift``.
Source: phase correlation, Kuglin and Hines (1975), Proc. Int. Conf. Cybernetics and Society, of
gradient magnitudes, which different sensors share where their grey values do not (Argyriou and
Vlachos 2003, Electronics Letters 39, for gradient correlation); the peak is that of the mean over
many tiles, smoothed by a Gaussian, whose logarithm is a parabola between pixels.
Sureness: how far the peak stands above the rest of the correlation, and whether halves of the
tiles, drawn again and again, agree. A shift that is not sure is reported as undecided, never as
zero and never applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.quantities import Kind
from fusionls.stack.layer_stack import LayerStack, StackModality

TILE = 128
"""Side of a tile, pixels of the coarser of two modalities."""
MAX_TILES = 64
"""Tiles looked at, spread over the scene."""
LEAST_VALID = 0.5
"""Share of a tile that must be valid in both."""
LARGEST = 16
"""Pixels of shift that are searched."""
LEAST_HEIGHT = 7.0
"""Standard deviations of the correlation by which the peak must stand above its mean."""
LEAST_AGREEMENT = 0.7
"""Share of redrawn halves that must find the peak within half a pixel."""
LEAST_MOVE = 0.3
"""Pixels below which a shift is within what resampling does anyway."""
_DRAWS = 20
_BLUR = 1.0  # pixels: deviation of the Gaussian the correlation is smoothed by
_CLIP = 4.0  # gradients beyond this many typical ones count as that: an edge, however hard
_COMPARED = frozenset({Kind.CONTINUOUS, Kind.LIT})
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """How a modality lies beside another.

    Attributes:
        modality: The one that would be moved.
        reference: The one it is compared with.
        east: Metres to the east by which it must be moved to lie on the reference.
        north: Metres to the north.
        pixels: Length of the move in pixels of the coarser of the two.
        height: How far the peak stands above the correlation, standard deviations.
        agreement: Share of redrawn halves of the tiles that agree.
        tiles: Tiles that were compared.
        decided: Whether it is sure.
    """

    modality: str
    reference: str
    east: float
    north: float
    pixels: float
    height: float
    agreement: float
    tiles: int
    decided: bool

    @property
    def reliability(self) -> float:
        """0 to 1: agreement, less where the peak is low."""
        return round(self.agreement * min(self.height / (2 * LEAST_HEIGHT), 1.0), 3)


@dataclass(frozen=True)
class CoregistrationReport:
    """Shifts of all modalities of a stack against its first."""

    shifts: tuple[Shift, ...]

    @property
    def moves(self) -> dict[str, tuple[float, float]]:
        """Metres east and north by modality, of shifts that are sure and worth it."""
        return {
            shift.modality: (shift.east, shift.north)
            for shift in self.shifts
            if shift.decided and shift.pixels >= LEAST_MOVE
        }

    def warnings(self) -> list[str]:
        """What a user should know."""
        return [
            f'{s.modality} lies {s.pixels:.1f} pixels beside {s.reference}: it must move '
            f'{s.east:+.1f} m east and {s.north:+.1f} m north (reliability {s.reliability:.2f}); '
            '--fix-shift moves it'
            for s in self.shifts
            if s.modality in self.moves
        ]

    def to_json(self) -> dict[str, Any]:
        """For ``stack.json``."""
        return {
            'shifts': [{**asdict(s), 'reliability': s.reliability} for s in self.shifts],
            'warnings': self.warnings(),
        }


def coregistration(stack: LayerStack) -> CoregistrationReport:
    """Measure how the modalities of a stack lie beside the first one.

    The coarser of two modalities tells the pixel they are compared on; the finer one is averaged
    to it. Memory is that of a few tiles, whatever the scene's size.
    """
    names = [name for name, modality in stack.modalities.items() if _layers(modality)]
    if len(names) < 2:
        return CoregistrationReport(())
    return CoregistrationReport(tuple(_shift_between(stack, names[0], name) for name in names[1:]))


def _layers(modality: StackModality) -> list[int]:
    """Bands whose edges can be compared; of terrain not the height, whose gradient is slope."""
    kinds = [modality.quantities[layer].kind for layer in modality.layers]
    found = [
        i
        for i, (layer, kind) in enumerate(zip(modality.layers, kinds, strict=True))
        if kind in _COMPARED and not layer.endswith('_count')
    ]
    lit = [i for i in found if kinds[i] is Kind.LIT]
    return lit or found


def _shift_between(stack: LayerStack, reference: str, moving: str) -> Shift:
    pair = stack.modalities[reference], stack.modalities[moving]
    factor = max(modality.factor for modality in pair)
    correlations = []
    for window in _tiles(stack, factor):
        read = stack.read(window, [reference, moving])
        edges = [_edges(*read[m.name], _layers(m), factor // m.factor) for m in pair]
        common = edges[0][1] & edges[1][1]
        if common.mean() < LEAST_VALID:
            continue
        correlations.append(correlation(edges[0][0], edges[1][0], common))
        if len(correlations) == MAX_TILES:
            break
    if not correlations:
        return Shift(moving, reference, 0.0, 0.0, 0.0, 0.0, 0.0, 0, False)
    rows, cols, height = peak(np.mean(correlations, axis=0))
    agreement = _agreement(correlations, rows, cols)
    metres = stack.grid.pixel * factor
    decided = height >= LEAST_HEIGHT and agreement >= LEAST_AGREEMENT
    return Shift(
        moving,
        reference,
        round(cols * metres, 3),
        round(-rows * metres, 3),
        round(float(np.hypot(rows, cols)), 3),
        round(height, 2),
        round(agreement, 3),
        len(correlations),
        bool(decided),
    )


def _tiles(stack: LayerStack, factor: int) -> Iterator[Window]:
    """Tiles spread over the scene, in a random but fixed order; the whole of a small scene."""
    step = int(np.lcm(TILE * factor, stack.coarsest))
    rows, cols = stack.grid.shape
    if rows <= step and cols <= step:
        yield Window(0, 0, rows, cols)
        return
    side = (min(step, rows), min(step, cols))
    places = [
        (row, col)
        for row in range(0, rows - side[0] + 1, side[0])
        for col in range(0, cols - side[1] + 1, side[1])
    ]
    for place in np.random.default_rng(0).permutation(len(places)):
        yield Window(places[place][0], places[place][1], side[0], side[1])


def _edges(
    values: FloatArray, valid: BoolArray, bands: Sequence[int], factor: int
) -> tuple[Numbers, BoolArray]:
    """Gradient magnitude of some bands together, on pixels ``factor`` times as large."""
    total: Numbers | None = None
    known = _coarser(valid.astype(np.float64), factor) > LEAST_VALID
    sound = ndimage.binary_erosion(known, np.ones((3, 3)), border_value=1)
    share = np.maximum(_coarser(valid.astype(np.float64), factor), 1e-9)
    for band in bands:
        plane = _coarser(values[band].astype(np.float64) * valid, factor) / share
        gradient = np.hypot(*np.gradient(plane)) if min(plane.shape) > 1 else np.zeros_like(plane)
        typical = np.median(gradient[sound]) if sound.any() else 0.0
        if not typical > 0:
            typical = gradient[sound].mean() if sound.any() else 0.0
        if typical > 0:
            part = np.minimum(gradient / typical, _CLIP)
            total = part if total is None else total + part
    return (np.zeros(known.shape) if total is None else total), sound


def _coarser(plane: Numbers, factor: int) -> Numbers:
    rows, cols = (n // factor for n in plane.shape)
    found: Numbers = plane.reshape(rows, factor, cols, factor).mean((1, 3))
    return found


def correlation(reference: Numbers, moving: Numbers, valid: BoolArray) -> Numbers:
    """Phase correlation of two images around zero shift.

    Args:
        reference: (h, w).
        moving: (h, w).
        valid: (h, w); other pixels have the mean, so that their outline is no edge.

    Returns:
        (2 n + 1, 2 n + 1) with n = min(:data:`LARGEST`, a quarter of the side); its middle is
        zero shift, one row down is a move of ``moving`` by one row down.
    """
    taper = np.outer(np.hanning(valid.shape[0] + 2)[1:-1], np.hanning(valid.shape[1] + 2)[1:-1])
    weight = taper * ndimage.gaussian_filter(valid.astype(np.float64), 1.0) * valid
    spectra = []
    for image in (reference, moving):
        mean = (image * weight).sum() / max(weight.sum(), 1e-12)
        spectra.append(fft.rfft2(np.where(valid, image - mean, 0.0) * weight))
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


def peak(surface: Numbers) -> tuple[float, float, float]:
    """Rows and columns of the highest point, between pixels, and how far it stands out.

    Returns:
        Rows down, columns to the right from the middle; height in standard deviations of the
        rest of the surface above its mean.
    """
    row, col = np.unravel_index(int(surface.argmax()), surface.shape)
    rest = np.ones(surface.shape, bool)
    around = (slice(max(row - 3, 0), row + 4), slice(max(col - 3, 0), col + 4))
    rest[around] = False
    if rest.sum() < 9:
        return 0.0, 0.0, 0.0
    deviation = float(surface[rest].std())
    height = (float(surface[row, col]) - float(surface[rest].mean())) / max(deviation, 1e-12)
    at = []
    for axis, index in enumerate((int(row), int(col))):
        size = surface.shape[axis]
        offset = 0.0
        if 0 < index < size - 1:
            line = surface[:, col] if axis == 0 else surface[row]
            low = float(surface[rest].mean())
            three = np.log(np.maximum(line[index - 1 : index + 2] - low, 1e-12))
            bend = three[0] - 2 * three[1] + three[2]
            if bend < 0:
                offset = float(np.clip(0.5 * (three[0] - three[2]) / bend, -1, 1))
        at.append(index + offset - size // 2)
    return at[0], at[1], height


def _agreement(correlations: Sequence[Numbers], rows: float, cols: float) -> float:
    """Share of redrawn halves of the tiles whose peak lies within half a pixel."""
    if len(correlations) == 1:
        return 1.0  # nothing to agree with; the height has to be enough
    rng = np.random.default_rng(0)
    stacked = np.stack(correlations)
    half = max(len(stacked) // 2, 1)
    found = 0
    for _ in range(_DRAWS):
        drawn = rng.choice(len(stacked), half, replace=False)
        row, col, _ = peak(stacked[drawn].mean(0))
        found += bool(np.hypot(row - rows, col - cols) <= 0.5)
    return found / _DRAWS
