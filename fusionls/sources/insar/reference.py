"""Take the offset of stable ground off velocities, by a stated rule.

InSAR velocities are relative to a reference the processor chose; another reference is another
constant. Flow: a source -> [here] -> the same source less one number a layer, which is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from fusionls.errors import InputError, raise_together
from fusionls.geo.coordinate_grid import transformer
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window, row_strips
from fusionls.layers.catalog import stem_of
from fusionls.sources.source import Source, WrappedSource

RELATIVE = frozenset(
    {'insar_velocity_los', 'insar_displacement_los', 'insar_velocity_east', 'insar_velocity_up'}
)
"""Layers that are relative to a reference."""
LEAST_PIXELS = 10
"""Pixels a reference is taken from at least; at a point, one is enough."""
_BINS = 200
_ROWS = 256
_GEOD = pyproj.Geod(ellps='WGS84')
_FORMS = (
    "'median', 'mode', {point: [longitude, latitude], radius: metres} or "
    '{box: [west, south, east, north]} in degrees'
)


@dataclass(frozen=True)
class ReferenceRule:
    """Which pixels tell the offset, and how.

    Attributes:
        statistic: ``median`` or ``mode`` (the peak of the histogram: stable ground, where most
            of it is) of the pixels.
        point: Longitude and latitude around which pixels count, degrees, or None.
        radius: Metres around the point.
        box: West, south, east, north within which pixels count, degrees, or None.
    """

    statistic: str = 'median'
    point: tuple[float, float] | None = None
    radius: float = 0.0
    box: tuple[float, float, float, float] | None = None

    @classmethod
    def parsed(cls, rule: Any) -> ReferenceRule:
        """Read a rule as a scene description has it.

        Raises:
            InputError: It is none; every mistake at once.
        """
        if rule in ('median', 'mode'):
            return cls(rule)
        if not isinstance(rule, Mapping):
            raise InputError(f'reference: got {rule!r}, expected {_FORMS}')
        problems = []
        unknown = sorted(set(map(str, rule)) - {'point', 'radius', 'box', 'statistic'})
        if unknown:
            problems.append(f'{", ".join(unknown)}: unknown')
        if ('point' in rule) == ('box' in rule):
            problems.append('give a point or a box')
        point = _numbers(rule.get('point'), 2, 'point', problems)
        box = _numbers(rule.get('box'), 4, 'box', problems)
        radius = _numbers([rule.get('radius', 500.0)], 1, 'radius', problems)
        statistic = rule.get('statistic', 'median')
        if statistic not in ('median', 'mode'):
            problems.append(f'statistic: got {statistic!r}, expected median or mode')
        if box and not (box[0] < box[2] and box[1] < box[3]):
            problems.append('box: expected [west, south, east, north]')
        raise_together(InputError, f'reference: expected {_FORMS}', problems)
        return cls(
            statistic,
            (point[0], point[1]) if point else None,
            radius[0] if radius else 0.0,
            (box[0], box[1], box[2], box[3]) if box else None,
        )

    def counts(
        self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which places tell the offset."""
        if self.box is not None:
            west, south, east, north = self.box
            inside: NDArray[np.bool_] = (latitude >= south) & (latitude <= north)
            return inside & (np.mod(longitude - west, 360) <= east - west)
        if self.point is not None:
            here = np.broadcast_to(self.point[0], longitude.shape)
            there = np.broadcast_to(self.point[1], longitude.shape)
            found: NDArray[np.bool_] = _GEOD.inv(here, there, longitude, latitude)[2] <= self.radius
            return found
        return np.ones(longitude.shape, bool)

    @property
    def everywhere(self) -> bool:
        """Whether every pixel tells it."""
        return self.point is None and self.box is None

    def offset(self, values: NDArray[np.floating]) -> float:
        """The offset that some values tell."""
        if self.statistic == 'median':
            return float(np.median(values))
        low, high = np.percentile(values, [1, 99])
        if not high > low:
            return float(low)
        counts, edges = np.histogram(values, _BINS, (low, high))
        # a peak as wide as a twentieth of the range, for single bins are noise
        width = max(_BINS // 20, 1)
        smooth = np.convolve(counts, np.ones(width), 'same')
        peak = float(edges[np.argmax(smooth)] + (edges[1] - edges[0]) / 2)
        half = width * (edges[1] - edges[0])
        return float(np.median(values[np.abs(values - peak) <= half]))

    def to_json(self) -> dict[str, Any]:
        """For the record."""
        found: dict[str, Any] = {'statistic': self.statistic}
        if self.point is not None:
            found |= {'point': list(self.point), 'radius': self.radius}
        if self.box is not None:
            found['box'] = list(self.box)
        return found


def _numbers(value: Any, count: int, name: str, problems: list[str]) -> list[float] | None:
    if value is None:
        return None
    try:
        found = [float(v) for v in value]
    except (TypeError, ValueError):
        found = []
    if len(found) != count or not np.isfinite(found).all():
        problems.append(f'{name}: got {value!r}, expected {count} numbers')
        return None
    return found


@dataclass(frozen=True)
class ReferencedSource(WrappedSource):
    """A source with the offset of its reference taken off.

    Attributes:
        rule: Where the offset is from.
        told: Offset and number of pixels by layer where they are known already.
    """

    rule: ReferenceRule
    told: Mapping[str, Mapping[str, float]] | None = None

    @property
    def record(self) -> Mapping[str, Any]:  # type: ignore[override]
        """See :class:`Source`; with the rule, the offsets and how many pixels told them."""
        return {**self.whole.record, 'reference': {**self.rule.to_json(), **self._offsets}}

    @cached_property
    def _offsets(self) -> Mapping[str, Mapping[str, float]]:
        if self.told is not None:
            return self.told
        relative = [i for i, name in enumerate(self.layers) if stem_of(name) in RELATIVE]

        def read(window: Window) -> tuple[FloatArray, BoolArray]:
            values, valid = self.whole.read(window)
            return values[relative], valid[relative]

        told = offsets(self.path, self.grid, read, len(relative), self.rule)
        return {
            self.layers[i]: {'offset': offset, 'pixels': float(pixels)}
            for i, (offset, pixels) in zip(relative, told, strict=True)
        }

    def on(self, grid: Grid) -> Source:
        """See :class:`Source`; the offset stays that of all points, in the grid or not."""
        gridded = self.whole.on(grid)
        return self if gridded is self.whole else replace(self, whole=gridded, told=self._offsets)

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        values, valid = self.whole.read(window)
        values = values.copy()
        for name, told in self._offsets.items():
            i = self.layers.index(name)
            values[i] = np.where(valid[i], values[i] - np.float32(told['offset']), 0)
        return values, valid


def offsets(
    path: Path,
    grid: Grid,
    read: Callable[[Window], tuple[FloatArray, BoolArray]],
    bands: int,
    rule: ReferenceRule,
) -> list[tuple[float, int]]:
    """The offset that a rule tells of each band, and how many pixels told it.

    Args:
        path: For the error text.
        grid: Of the bands.
        read: Reads (bands, h, w) values and valid of a window.
        bands: Their number.
        rule: Which pixels tell it.

    Raises:
        InputError: Too few valid pixels tell it.
    """
    chosen: list[list[NDArray[np.float32]]] = [[] for _ in range(bands)]
    for strip in row_strips(grid.rows, grid.cols, _ROWS):
        here: BoolArray = np.ones((strip.height, strip.width), bool)
        if not rule.everywhere:
            here = rule.counts(*_places(grid, strip))
            if not here.any():
                continue
        values, valid = read(strip)
        for i, parts in enumerate(chosen):
            parts.append(values[i][valid[i] & here])
    found = []
    for parts in chosen:
        pixels = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        if pixels.size < (1 if rule.point is not None else LEAST_PIXELS):
            raise InputError(
                f'{path}: reference {rule.to_json()}: {pixels.size} valid pixels tell it, at '
                f'least {LEAST_PIXELS} are needed (one around a point); choose another place, or '
                'a larger one'
            )
        found.append((rule.offset(pixels), pixels.size))
    return found


def _places(grid: Grid, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of the pixels of a window, degrees."""
    cols = grid.west + (window.col + np.arange(window.width) + 0.5) * grid.pixel_width
    rows = grid.north - (window.row + np.arange(window.height) + 0.5) * grid.pixel_height
    east, north = np.meshgrid(cols, rows)
    to_degrees = transformer(grid.crs.to_wkt(), pyproj.CRS(4326).to_wkt())
    longitude, latitude = to_degrees.transform(east, north)
    return np.asarray(longitude), np.asarray(latitude)


def referenced(
    sources: Sequence[Source], rule: Mapping[str, Any] | str | None
) -> tuple[Source, ...]:
    """Take the offset of a reference off the relative layers of some sources.

    Args:
        sources: Of one product.
        rule: See :class:`ReferenceRule`; None for none.

    Raises:
        InputError: The rule makes no sense.
    """
    if rule is None:
        return tuple(sources)
    parsed = ReferenceRule.parsed(rule)
    return tuple(
        ReferencedSource(source, parsed)
        if RELATIVE.intersection(map(stem_of, source.layers))
        else source
        for source in sources
    )
