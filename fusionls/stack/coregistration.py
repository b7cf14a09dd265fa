"""Do the modalities of a stack lie on each other? The shift between them, and how sure it is.

Flow: a stack on disk -> stack.phase_correlation -> [here] -> stack.json, warnings, moves for
``--fix-shift``.
A shift that is not sure is reported as undecided, never as zero and never applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.quantities import Kind
from fusionls.stack.layer_stack import LayerStack, StackModality
from fusionls.stack.phase_correlation import LEAST_VALID, PixelShift, Tile, shift_of, tile_windows

LEAST_MOVE = 0.5
"""Pixels below which a shift is not told: light that falls from elsewhere moves the edges of
ground by up to 0.35 (Rocky Mountains, one image against hillshades of eight suns)."""
_COMPARED = frozenset({Kind.CONTINUOUS, Kind.LIT})


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
        contrast: The peak over the next highest point of the correlation.
        agreement: Share of redrawn halves of the tiles that agree.
        tiles: Tiles that were compared.
        decided: Whether it is sure.
        reliability: 0 to 1: agreement, less where the peak is low.
    """

    modality: str
    reference: str
    east: float
    north: float
    pixels: float
    height: float
    contrast: float
    agreement: float
    tiles: int
    decided: bool
    reliability: float

    @classmethod
    def of(cls, modality: str, reference: str, found: PixelShift, metres: float) -> Shift:
        """In metres on the ground, from pixels of a side of ``metres``."""
        return cls(
            modality,
            reference,
            round(found.cols * metres, 3),
            round(-found.rows * metres, 3),
            round(found.pixels, 3),
            round(found.height, 2),
            round(found.contrast, 2),
            round(found.agreement, 3),
            found.tiles,
            found.decided,
            found.reliability,
        )

    @property
    def is_worth_a_move(self) -> bool:
        """Whether it is sure, and larger than what light and resampling make."""
        return self.decided and self.pixels >= LEAST_MOVE

    def __str__(self) -> str:
        return (
            f'{self.modality} lies {self.pixels:.1f} pixels beside {self.reference}: it must move '
            f'{self.east:+.1f} m east and {self.north:+.1f} m north (reliability '
            f'{self.reliability:.2f})'
        )


@dataclass(frozen=True)
class CoregistrationReport:
    """Shifts of all modalities of a stack against its first."""

    shifts: tuple[Shift, ...]

    @property
    def moves(self) -> dict[str, tuple[float, float]]:
        """Metres east and north by modality, of shifts that are sure and worth it."""
        return {s.modality: (s.east, s.north) for s in self.shifts if s.is_worth_a_move}

    def warnings(self) -> list[str]:
        """What a user should know."""
        return [f'{s}; --fix-shift moves it' for s in self.shifts if s.is_worth_a_move]

    def to_json(self) -> dict[str, Any]:
        """For ``stack.json``."""
        return {'shifts': [asdict(s) for s in self.shifts], 'warnings': self.warnings()}


def coregistration(stack: LayerStack) -> CoregistrationReport:
    """Measure how the modalities of a stack lie beside the first one.

    The coarser of two modalities tells the pixel they are compared on; the finer one is averaged
    to it. Memory is that of a few tiles, whatever the scene's size.
    """
    names = [name for name, modality in stack.modalities.items() if _layers(modality)]
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
    found = shift_of(_tiles(stack, pair, factor))
    return Shift.of(moving, reference, found, stack.grid.pixel * factor)


def _tiles(
    stack: LayerStack, pair: tuple[StackModality, StackModality], factor: int
) -> Iterator[Tile]:
    rows, cols = (n // factor for n in stack.grid.shape)
    for small in tile_windows(rows, cols, stack.coarsest // factor):
        window = Window(*(n * factor for n in (small.row, small.col, small.height, small.width)))
        read = stack.read(window, [modality.name for modality in pair])
        one, other = (
            coarser(read[m.name][0][_layers(m)], read[m.name][1], factor // m.factor) for m in pair
        )
        yield (*one, *other)


def coarser(values: FloatArray, valid: BoolArray, factor: int) -> tuple[FloatArray, BoolArray]:
    """Means over blocks of ``factor`` x ``factor`` pixels, of what is valid there.

    Args:
        values: (bands, h, w), zero where invalid.
        valid: (h, w).
        factor: A divisor of h and w.

    Returns:
        (bands, h / factor, w / factor), and where more than half of a block is valid.
    """
    if factor == 1:
        return values, valid
    rows, cols = (n // factor for n in valid.shape)

    def mean(plane: FloatArray) -> FloatArray:
        found: FloatArray = plane.reshape(-1, rows, factor, cols, factor).mean((2, 4))
        return found

    share = mean(valid[None].astype(np.float32))
    return mean(values) / np.maximum(share, np.float32(1e-9)), share[0] > LEAST_VALID
