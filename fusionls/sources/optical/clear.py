"""Where an optical image shows the ground: masks of clouds and shadows as a layer that masks.

Flow: readers of ``sources.optical`` -> [here] -> bands (their pixels), stack.align (the modality).
Source: classes of Sentinel-2's scene classification, ESA S2 MSI Level-2A algorithm theoretical
basis; bits of QA_PIXEL, USGS LSDS-1619 and LSDS-1618 (Landsat Collection 2); bands of UDM2,
Planet imagery product specification; the spectral rule is step 1 of Fmask, Zhu and Woodcock
(2012), Remote Sens. Environ. 118, eq. 1, 2, 3 and 4, with its dilation by three pixels.
Differs: of Fmask there is neither thermal band nor water test nor shadow matching: shadows stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.layers.spec import Plane
from fusionls.quantities import Kind, Quantity
from fusionls.sources.optical.bands import Band, BandSource, grids_of
from fusionls.sources.source import Source

CLEAR = 'optical_clear'
CODE = Quantity('1', Kind.CATEGORICAL)
FMASK_MARGIN = 3
"""Pixels by which Fmask grows clouds, to all sides, Zhu and Woodcock (2012)."""
FMASK_BANDS = ('blue', 'green', 'red', 'nir', 'swir1', 'swir2')

Rule = Callable[[Sequence[Plane]], BoolArray]
"""Planes of the layers a mask is made of in, True where the ground is seen out."""


@dataclass(frozen=True)
class ClearSource(Source):
    """A mask of the whole modality: invalid under clouds and shadows, one elsewhere.

    Attributes:
        path: The product or the mask's file.
        grid: Where its pixels are.
        layer: Its name.
        parts: What the rule looks at, each on a grid of its own.
        rule: Tells where the ground is seen.
        margin: Pixels by which what is not clear is grown.
        files: Every file, for the record.
        record: What was masked, by which rule.
    """

    path: Path
    grid: Grid
    layer: str
    parts: tuple[Source, ...]
    rule: Rule
    margin: int = 0
    files: tuple[Path, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def quantities(self) -> dict[str, Quantity]:  # type: ignore[override]
        """Unit and kind of its one layer."""
        return {self.layer: CODE}

    @property
    def masks(self) -> bool:
        """True: its invalid pixels make every layer of the modality invalid."""
        return True

    @property
    def hidden(self) -> frozenset[str]:
        """Its layer stands in the stack only where it is asked for."""
        return frozenset({self.layer})

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        window = window or self.grid.window
        wide = window.grown(self.margin).intersection(self.grid.window) or window
        planes: list[Plane] = []
        for part in self.parts:
            values, valid = Resampler(part.grid, self.grid).part(part.read, wide, part.kinds)
            planes += zip(values, valid, strict=True)
        clear = self.rule(planes)
        if self.margin:
            side = 2 * self.margin + 1
            clear = ~ndimage.binary_dilation(~clear, np.ones((side, side), bool))
        top, left = window.row - wide.row, window.col - wide.col
        clear = clear[top : top + window.height, left : left + window.width]
        return clear[None].astype(np.float32), clear[None]


def clear_of_codes(
    path: Path, bands: Sequence[int], layer: str, rule: Rule, record: Mapping[str, Any]
) -> ClearSource:
    """The mask that a raster of codes is; raises where it cannot be opened.

    Args:
        path: The raster.
        bands: Bands the rule looks at.
        layer: Name of the mask.
        rule: Tells where the ground is seen.
        record: What was masked.
    """
    grid = grids_of(path, [path])[path]
    stored = {f'code_{number}': Band(path, number) for number in bands}
    codes = BandSource(path, grid, stored, dict.fromkeys(stored, CODE), files=(path,))
    return ClearSource(path, grid, layer, (codes,), rule, 0, (path,), record)


def not_of_classes(planes: Sequence[Plane], masked: Collection[int]) -> BoolArray:
    """Clear where the class is none of ``masked``."""
    ((classes, known),) = planes
    return known & ~np.isin(classes, np.asarray(sorted(masked), np.float32))


def without_bits(planes: Sequence[Plane], bits: int) -> BoolArray:
    """Clear where none of ``bits`` is set."""
    ((flags, known),) = planes
    return known & ((flags.astype(np.int64) & bits) == 0)


def any_set(planes: Sequence[Plane]) -> BoolArray:
    """Clear where any of the bands says so."""
    found = np.zeros(planes[0][1].shape, bool)
    for values, known in planes:
        found |= known & (values > 0)
    return found


def none_set(planes: Sequence[Plane]) -> BoolArray:
    """Clear where none of the bands says cloud."""
    return ~any_set(planes)


def fmask_clear(planes: Sequence[Plane]) -> BoolArray:
    """Clear where step 1 of Fmask sees no cloud; pixels without data are left to their bands.

    Args:
        planes: Reflectance of :data:`FMASK_BANDS`, in this order.
    """
    known = np.logical_and.reduce([valid for _, valid in planes])
    blue, green, red, nir, swir1, swir2 = (
        np.where(known, values, np.float32(0)).astype(np.float64) for values, _ in planes
    )
    mean = (blue + green + red) / 3

    def above(first: np.ndarray, second: np.ndarray, limit: float) -> BoolArray:
        return first - second >= limit * (first + second)

    # ratios are multiplied out: a denominator of zero needs no case of its own
    basic = (swir2 > 0.03) & ~above(green, swir1, 0.8) & ~above(nir, red, 0.8)  # eq. 1
    departure = np.abs(blue - mean) + np.abs(green - mean) + np.abs(red - mean)
    white = departure < 0.7 * mean  # eq. 2
    hazy = blue - 0.5 * red - 0.08 > 0  # eq. 3
    not_rock = nir > 0.75 * swir1  # eq. 4
    return ~(known & basic & white & hazy & not_rock)
