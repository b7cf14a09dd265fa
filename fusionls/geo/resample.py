"""Bring a layer from its own grid onto another, by its kind, with its valid mask.

Flow: sources (any CRS, any pixel) -> [here] -> stack.
Positions come from geo.coordinate_grid, exact to a thousandth of a source pixel (GDAL's warper
errs by an eighth, which moves a DEM on a slope by decimetres); values from geo.sampling, where an
invalid pixel has no weight instead of a value. A pixel's result depends on its place alone, never
on the window it is read with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.geo.coordinate_grid import CoordinateGrid
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.sampling import MIN_VALID_WEIGHT, Sampler
from fusionls.geo.window import Window
from fusionls.quantities import Kind

ReadPixels = Callable[[Window], tuple[FloatArray, BoolArray]]
"""Reads a window that lies inside the source: values and valid, both (bands, rows, cols)."""

AVERAGE_ABOVE = 1.5
"""Source pixels per target pixel, along a side, beyond which bilinear would alias."""
MIN_RESULTANT = 0.01
"""Length of a mean unit vector below which azimuths cancel and no direction is left."""
_MAX_SOURCE_PIXELS = 1 << 23
"""Source pixels held at once (8 Mpix, 64 MB a band in float64); larger windows are split."""
_ROUNDING = 1e-6
"""Weights are sums of float32 shares."""
_ALIGNED = 1e-3
"""Share of a pixel up to which two grids count as the same one."""
_PROBES = 21
"""Points along each side of a window that are projected to find where it lies in the source."""


@dataclass(frozen=True)
class Resampler:
    """Reads a layer of one grid as if it lay on another.

    Attributes:
        source: Grid of the layer.
        target: Grid wanted.

    Example:
        >>> import numpy as np, pyproj
        >>> fine = Grid(pyproj.CRS(32632), 0.0, 40.0, 10.0, 10.0, 4, 4)
        >>> values = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
        >>> def read(w): return values[:, *w.slices], np.ones((1, w.height, w.width), bool)
        >>> coarse = Resampler(fine, fine.coarser(2))
        >>> coarse.part(read, coarse.target.window, [Kind.CONTINUOUS])[0][0].tolist()
        [[2.5, 4.5], [10.5, 12.5]]
    """

    source: Grid
    target: Grid

    @cached_property
    def ratio(self) -> float:
        """Source pixels per target pixel along a side, at the target's centre.

        The square root of the area ratio: oblong pixels count by their area. NaN where the
        target's centre does not exist in the source's CRS.
        """
        middle = np.array([self.target.cols / 2, self.target.rows / 2])
        sides = np.array([(-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)])
        cols, rows = self._source_position(middle + sides)
        jacobian = (cols[1] - cols[0]) * (rows[3] - rows[2]) - (cols[3] - cols[2]) * (
            rows[1] - rows[0]
        )
        return float(math.sqrt(abs(jacobian))) if math.isfinite(jacobian) else math.nan

    @property
    def overlaps(self) -> bool:
        """Whether any source pixel lies inside the target."""
        return self.source_window(self.target.window) is not None

    def source_window(self, window: Window) -> Window | None:
        """Source pixels a window of the target draws from; None where there is none."""
        wanted = self._needed(window, margin=0)
        return None if wanted is None else wanted.intersection(self.source.window)

    def part(
        self, read: ReadPixels, window: Window, kinds: Sequence[Kind]
    ) -> tuple[FloatArray, BoolArray]:
        """Resample one window of the target; it may hang over the target's edge.

        Args:
            read: Reads the source.
            window: Pixels of the target.
            kinds: Kind of each band ``read`` returns.

        Returns:
            values (bands, rows, cols) float32, zero where invalid, and valid, the same shape.
            Continuous layers are bilinear and valid where at least half of the weight is. Where
            the source is finer by more than :data:`AVERAGE_ABOVE` they are means over the pixel:
            of the block of source pixels where there is a whole number of them, else of as many
            bilinear samples along each side as there are source pixels. Categorical layers take
            the nearest pixel; azimuths go through sine and cosine (and stay counted from the
            source's north: see geo.north).

        Raises:
            InputError: A kind is ``lit``: hillshade is derived again, never resampled.
        """
        if Kind.LIT in kinds:
            raise InputError(
                'a hillshade cannot be resampled, for its light would turn with the grid; '
                'give the elevation and derive the hillshade from it'
            )
        values = np.zeros((len(kinds), window.height, window.width), np.float32)
        valid = np.zeros(values.shape, bool)
        offset = self._whole_pixel_offset()
        if offset is not None:
            shifted = Window(
                window.row + offset[0], window.col + offset[1], window.height, window.width
            )
            read_values, read_valid = _padded(read, shifted, self.source, len(kinds))
            return np.where(read_valid, read_values, np.float32(0)), read_valid
        self._fill(read, window, kinds, values, valid)
        return values, valid

    @cached_property
    def _coordinates(self) -> CoordinateGrid:
        return CoordinateGrid(self.source, self.target)

    def _source_position(self, points: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Columns and rows in the source of (n, 2) columns and rows of the target."""
        return self._coordinates.exact(points[:, 0], points[:, 1])

    def _needed(self, window: Window, margin: int) -> Window | None:
        rows = np.linspace(window.row, window.row + window.height, _PROBES)
        cols = np.linspace(window.col, window.col + window.width, _PROBES)
        points = np.stack(np.meshgrid(cols, rows), axis=-1).reshape(-1, 2)
        found_cols, found_rows = self._source_position(points)
        finite = np.isfinite(found_cols) & np.isfinite(found_rows)
        if not finite.any():
            return None
        limit = 4.0 * max(self.source.rows, self.source.cols)  # far outside is outside
        found_cols = np.clip(found_cols[finite], -limit, limit)
        found_rows = np.clip(found_rows[finite], -limit, limit)
        top, left = math.floor(found_rows.min()) - margin, math.floor(found_cols.min()) - margin
        bottom, right = math.ceil(found_rows.max()) + margin, math.ceil(found_cols.max()) + margin
        return Window(top, left, max(bottom - top, 1), max(right - left, 1))

    def _whole_pixel_offset(self) -> tuple[int, int] | None:
        """Rows and columns between grids that differ by whole pixels only; None for others."""
        source, target = self.source, self.target
        span = max(target.rows, target.cols, source.rows, source.cols)
        for ours, theirs in (
            (source.pixel_width, target.pixel_width),
            (source.pixel_height, target.pixel_height),
        ):
            if abs(ours - theirs) * span > _ALIGNED * ours:
                return None
        row = (source.north - target.north) / source.pixel_height
        col = (target.west - source.west) / source.pixel_width
        if max(abs(row - round(row)), abs(col - round(col))) > _ALIGNED:
            return None
        return (round(row), round(col)) if source.crs == target.crs else None

    def _fill(
        self,
        read: ReadPixels,
        window: Window,
        kinds: Sequence[Kind],
        values: FloatArray,
        valid: BoolArray,
    ) -> None:
        """Fill ``values`` and ``valid`` of ``window``, in parts the memory can hold."""
        # a bilinear kernel reaches one pixel; projected edges bend between the probes
        needed = self._needed(window, margin=3)
        inside = None if needed is None else needed.intersection(self.source.window)
        if needed is None or inside is None:
            return
        if inside.height * inside.width > _MAX_SOURCE_PIXELS and max(values.shape[1:]) > 1:
            for half in _halves(window):
                rows, cols = Window(
                    half.row - window.row, half.col - window.col, half.height, half.width
                ).slices
                self._fill(read, half, kinds, values[:, rows, cols], valid[:, rows, cols])
            return
        # one ring of invalid pixels around the source, so that its edge has neighbours
        framed = inside.grown(2)
        read_values, read_valid = _padded(read, framed, self.source, len(kinds))
        block = self._block
        averaged = self.ratio > AVERAGE_ABOVE
        parts = max(math.ceil(self.ratio - _ALIGNED), 1) if averaged and not block else 1
        once: dict[int, Sampler] = {}

        def sampler(parts: int) -> Sampler:
            if parts not in once:
                cols, rows = self._coordinates.positions(window, parts)
                once[parts] = Sampler(
                    cols - framed.col, rows - framed.row, (framed.height, framed.width)
                )
            return once[parts]

        for band, kind in enumerate(kinds):
            pixels, sound = read_values[band], read_valid[band]
            if kind is Kind.CATEGORICAL:
                found, fine = sampler(1).nearest(pixels, sound)
                values[band], valid[band] = np.where(fine, found, np.float32(0)), fine
                continue
            components = components_of(pixels, sound, kind)
            if averaged and block:
                means, weight = self._block_means(components, sound, window, framed)
            else:
                means, weight = bilinear_means(sampler(parts), components, sound)
                if parts > 1:
                    means, weight = _mean_of_parts(means, weight, parts)
            values[band], valid[band] = layer_of_means(means, weight, kind)

    @cached_property
    def _block(self) -> tuple[int, int, int] | None:
        """Source pixels per target pixel, and the source row and column of the target's corner.

        None where the target's pixels are not whole blocks of source pixels.
        """
        factor = round(self.ratio) if math.isfinite(self.ratio) else 0
        if factor < 2 or self.source.crs != self.target.crs:
            return None
        apart = self._source_position(
            np.array([(0.0, 0.0), (float(self.target.cols), float(self.target.rows))])
        )
        spans = apart[0][1] - apart[0][0], apart[1][1] - apart[1][0]
        wholes = self.target.cols * factor, self.target.rows * factor
        offs = [abs(a - b) for a, b in zip(spans, wholes, strict=True)]
        offs += [abs(p[0] - round(p[0])) for p in apart]
        if max(offs) > _ALIGNED:
            return None
        return factor, round(apart[1][0]), round(apart[0][0])

    def _block_means(
        self, components: Sequence[FloatArray], valid: BoolArray, window: Window, framed: Window
    ) -> tuple[list[FloatArray], FloatArray]:
        """Means over the block of source pixels under each target pixel, and their valid share."""
        if self._block is None:
            raise ValueError('the target is not made of whole blocks of the source')
        factor, top, left = self._block
        wanted = Window(
            window.row * factor + top - framed.row,
            window.col * factor + left - framed.col,
            window.height * factor,
            window.width * factor,
        )
        whole = Window(0, 0, *valid.shape)
        shape = (window.height, factor, window.width, factor)

        def sums(array: NDArray) -> NDArray[np.float64]:
            part = np.zeros((wanted.height, wanted.width), array.dtype)
            common = wanted.intersection(whole)
            if common is not None:
                into = Window(
                    common.row - wanted.row, common.col - wanted.col, common.height, common.width
                )
                part[into.slices] = array[common.slices]
            total: NDArray[np.float64] = part.reshape(shape).sum((1, 3), dtype=np.float64)
            return total

        count = sums(valid)
        least = np.maximum(count, 1)
        means = [(sums(c) / least).astype(np.float32) for c in components]
        return means, (count / factor**2).astype(np.float32)


def components_of(values: FloatArray, valid: BoolArray, kind: Kind) -> list[FloatArray]:
    """What is averaged: the values, or sine and cosine of azimuths; zero where invalid."""
    sound = bool(valid.all())
    if not sound:
        values = np.where(valid, values, np.float32(0))  # 0 * NaN is NaN
    if kind is not Kind.AZIMUTH:
        return [values]
    angle = np.deg2rad(values.astype(np.float64))
    parts = [np.sin(angle).astype(np.float32), np.cos(angle).astype(np.float32)]
    return parts if sound else [np.where(valid, part, np.float32(0)) for part in parts]


def bilinear_means(
    sampler: Sampler, components: Sequence[FloatArray], valid: BoolArray
) -> tuple[list[FloatArray], FloatArray]:
    """Means weighted by the valid pixels around each position, and the weight they have."""
    sums = [sampler.bilinear(component) for component in components]
    if valid.all():
        return sums, sampler.inside.astype(np.float32)
    weight = sampler.bilinear(valid.astype(np.float32)) * sampler.inside
    least = np.where(weight > 0, weight, np.float32(1))
    return [total / least for total in sums], weight


def _mean_of_parts(
    means: Sequence[FloatArray], weight: FloatArray, parts: int
) -> tuple[list[FloatArray], FloatArray]:
    """Means over the parts x parts positions of each pixel."""
    rows, cols = (n // parts for n in weight.shape)
    shape = (rows, parts, cols, parts)
    total = weight.reshape(shape).sum((1, 3), dtype=np.float64)
    least = np.where(total > 0, total, 1.0)
    joined = [
        ((m * weight).reshape(shape).sum((1, 3), dtype=np.float64) / least).astype(np.float32)
        for m in means
    ]
    return joined, (total / parts**2).astype(np.float32)


def layer_of_means(
    means: Sequence[FloatArray], weight: FloatArray, kind: Kind
) -> tuple[FloatArray, BoolArray]:
    """A layer of its means, zero where less than half of the weight is valid, and valid."""
    sound = weight >= MIN_VALID_WEIGHT - _ROUNDING
    if kind is Kind.AZIMUTH:
        sound &= np.hypot(means[0], means[1]) >= MIN_RESULTANT
        result = np.rad2deg(np.arctan2(means[0], means[1])) % np.float32(360)
    else:
        result = means[0]
    if not sound.all():
        result = np.where(sound, result, np.float32(0))
    return result, sound


def _padded(
    read: ReadPixels, window: Window, source: Grid, bands: int
) -> tuple[FloatArray, BoolArray]:
    """Read a window that may hang over the source's edge; invalid outside.

    A source that goes round the earth goes on at its other side.
    """
    values = np.zeros((bands, window.height, window.width), np.float32)
    valid = np.zeros(values.shape, bool)
    for turn in (0, -source.cols, source.cols) if _goes_round(source) else (0,):
        shifted = replace(window, col=window.col + turn)
        inside = shifted.intersection(source.window)
        if inside is not None:
            rows, cols = Window(
                inside.row - shifted.row, inside.col - shifted.col, inside.height, inside.width
            ).slices
            values[:, rows, cols], valid[:, rows, cols] = read(inside)
    return values, valid


def _goes_round(grid: Grid) -> bool:
    """Whether a grid in degrees covers all longitudes."""
    if not grid.crs.is_geographic:
        return False
    turn = 2 * math.pi / grid.crs.axis_info[0].unit_conversion_factor
    return abs(grid.cols * grid.pixel_width - turn) < _ALIGNED * grid.pixel_width


def _halves(window: Window) -> tuple[Window, Window]:
    """The window cut across its longer side."""
    if window.height >= window.width:
        upper = window.height // 2
        return (
            Window(window.row, window.col, upper, window.width),
            Window(window.row + upper, window.col, window.height - upper, window.width),
        )
    left = window.width // 2
    return (
        Window(window.row, window.col, window.height, left),
        Window(window.row, window.col + left, window.height, window.width - left),
    )
