"""Bring a layer from its own grid onto another, by its kind, with its valid mask.

Flow: sources (any CRS, any pixel) -> [here] -> stack.
GDAL's warper does the work, with coordinates exact to :data:`TOLERANCE`: its usual tolerance, an
eighth of a pixel, moves a DEM on a slope by decimetres. (``rasterio.warp.reproject`` cannot be
told another one, ``WarpedVRT`` can.) Values and valid mask are warped alike and divided
afterwards, so that an invalid pixel has no weight instead of a value; and GDAL's own scaling of
the bilinear kernel, which depends on how the work is cut into chunks, is off, so that strips equal
the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.quantities import Kind

ReadPixels = Callable[[Window], tuple[FloatArray, BoolArray]]
"""Reads a window that lies inside the source: values and valid, both (bands, rows, cols)."""

AVERAGE_ABOVE = 1.5
"""Source pixels per target pixel, along a side, beyond which bilinear would alias."""
TOLERANCE = 1e-4
"""Error of a projected position, source pixels; zero is refused by rasterio 1.4."""
MIN_VALID_WEIGHT = 0.5
"""Share of the weight that must be valid for the result to be valid."""
MIN_RESULTANT = 0.01
"""Length of a mean unit vector below which azimuths cancel and no direction is left."""
_MAX_SOURCE_PIXELS = 1 << 23
"""Source pixels held at once (8 Mpix, 64 MB a band in float64); larger windows are split."""
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
            Continuous layers are bilinear, or averages where the source is finer by more than
            :data:`AVERAGE_ABOVE`, and valid where at least half of the weight is; categorical
            ones take the nearest pixel; azimuths (from the same north on both sides) go through
            sine and cosine.

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
    def _to_source(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(self.target.crs, self.source.crs, always_xy=True)

    def _source_position(self, points: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Columns and rows in the source of (n, 2) columns and rows of the target."""
        east = self.target.west + points[:, 0] * self.target.pixel_width
        north = self.target.north - points[:, 1] * self.target.pixel_height
        x, y = self._to_source.transform(east, north)
        return (
            (np.asarray(x) - self.source.west) / self.source.pixel_width,
            (self.source.north - np.asarray(y)) / self.source.pixel_height,
        )

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
        source_transform = self.source.part(framed).transform
        target = self.target.part(window)
        for band, kind in enumerate(kinds):
            values[band], valid[band] = self._warped(
                read_values[band], read_valid[band], kind, source_transform, target
            )

    def _warped(
        self,
        values: FloatArray,
        valid: BoolArray,
        kind: Kind,
        source_transform: Affine,
        target: Grid,
    ) -> tuple[FloatArray, BoolArray]:
        if kind is Kind.CATEGORICAL:
            method = Resampling.nearest
        elif self.ratio > AVERAGE_ABOVE:
            method = Resampling.average
        else:
            method = Resampling.bilinear
        weight = valid.astype(np.float64)
        values = np.where(valid, values, np.float32(0))  # 0 * NaN is NaN
        if kind is Kind.AZIMUTH:
            angle = np.deg2rad(values.astype(np.float64))
            parts = [np.sin(angle) * weight, np.cos(angle) * weight, weight]
        else:
            parts = [values.astype(np.float64), weight]
        warped = self._warp(np.stack(parts), source_transform, target, method)
        weight = warped[-1]
        sound = weight >= MIN_VALID_WEIGHT - 1e-9
        means = warped[:-1] / np.where(sound, weight, 1.0)
        if kind is Kind.AZIMUTH:
            sound &= np.hypot(means[0], means[1]) >= MIN_RESULTANT
            result = np.rad2deg(np.arctan2(means[0], means[1])) % 360.0
        else:
            result = means[0]
        return np.where(sound, result, 0.0).astype(np.float32), sound

    def _warp(
        self,
        parts: NDArray[np.float64],
        source_transform: Affine,
        target: Grid,
        method: Resampling,
    ) -> NDArray[np.float64]:
        bands, rows, cols = parts.shape
        profile = {
            'driver': 'GTiff',
            'dtype': 'float64',
            'count': bands,
            'height': rows,
            'width': cols,
            'crs': self._source_crs,
            'transform': source_transform,
        }
        with MemoryFile() as memory:
            with memory.open(**profile) as dataset:
                dataset.write(parts)
            with (
                memory.open() as dataset,
                WarpedVRT(
                    dataset,
                    crs=self._target_crs,
                    transform=target.transform,
                    height=target.rows,
                    width=target.cols,
                    resampling=method,
                    tolerance=TOLERANCE,
                    XSCALE=1,
                    YSCALE=1,
                ) as warped,
            ):
                found: NDArray[np.float64] = warped.read()
        return found

    @cached_property
    def _source_crs(self) -> CRS:
        return CRS.from_wkt(self.source.crs.to_wkt())

    @cached_property
    def _target_crs(self) -> CRS:
        return CRS.from_wkt(self.target.crs.to_wkt())


def _padded(
    read: ReadPixels, window: Window, source: Grid, bands: int
) -> tuple[FloatArray, BoolArray]:
    """Read a window that may hang over the source's edge; invalid outside."""
    values = np.zeros((bands, window.height, window.width), np.float32)
    valid = np.zeros(values.shape, bool)
    inside = window.intersection(source.window)
    if inside is not None:
        rows, cols = Window(
            inside.row - window.row, inside.col - window.col, inside.height, inside.width
        ).slices
        values[:, rows, cols], valid[:, rows, cols] = read(inside)
    return values, valid


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
