"""What the readers of InSAR products share: planes of rasters, line of sight, the last steps.

Flow: planes of a product -> [here] -> Source.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import FileMissingError, InputError, ProductError, raise_together
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import opened, read_bands
from fusionls.geo.window import Window
from fusionls.layers.spec import Plane
from fusionls.sources.insar.formula_source import Planes, ReadPlane, selected
from fusionls.sources.insar.look import LOS_LAYERS, constant_look
from fusionls.sources.insar.reference import referenced
from fusionls.sources.source import Source

SENTINEL_1_WAVELENGTH = 0.055465763
"""Metres, of Sentinel-1's 5.405 GHz."""
TO_SATELLITE, TO_GROUND = 'to_satellite', 'to_ground'
_DATES = re.compile(r'(?<!\d)((?:19|20)\d{6})(?:T\d{6})?[-_]((?:19|20)\d{6})(?:T\d{6})?(?!\d)')


def raster_plane(
    path: Path, scale: float = 1.0, zero_is_void: bool = True, band: int = 1
) -> ReadPlane:
    """Reads a band of a raster by windows.

    Args:
        path: The file.
        scale: Value = scale * stored value.
        zero_is_void: Whether a stored zero is invalid, as phases have it.
        band: From 1.
    """

    def read(window: Window) -> Plane:
        with opened(path) as dataset:
            values, valid = read_bands(dataset, [band], window)
        sound = valid[0] & (values[0] != 0) if zero_is_void else valid[0]
        return values[0] * np.float32(scale), sound

    return read


def los_planes(vector: np.ndarray, valid: np.ndarray, points: str) -> Planes:
    """Layers of a line of sight.

    Args:
        vector: (3, h, w) as the product has it.
        valid: (h, w).
        points: Where the product's vector points: ``to_satellite`` (ours) or ``to_ground``.
    """
    turned = -vector if points == TO_GROUND else vector
    return {
        name: (component.astype(np.float32), valid)
        for name, component in zip(LOS_LAYERS, turned, strict=True)
    }


def cosine_planes(parts: Sequence[Plane], points: str) -> Planes:
    """Layers of a line of sight that LiCSAR and LiCSBAS give as cosines E, N and U.

    Args:
        parts: E, N and U; zero in all three is void.
        points: See :func:`los_planes`.
    """
    vector = np.stack([values for values, _ in parts])
    seen = (vector != 0).any(0) & np.logical_and.reduce([valid for _, valid in parts])
    return los_planes(vector, seen, points)


def check_points(path: Path, points: str) -> None:
    """Refuse a word for where a line of sight points that is none.

    Raises:
        InputError: It is neither ``to_satellite`` nor ``to_ground``.
    """
    if points not in (TO_SATELLITE, TO_GROUND):
        raise InputError(f'{path}: los_points is {points!r}, expected to_satellite or to_ground')


def dates_of(path: Path) -> tuple[datetime.date, datetime.date] | None:
    """The two dates in the name of an interferogram as they stand there; None without."""
    found = _DATES.search(path.name)
    if found is None:
        return None
    try:
        first, second = (
            datetime.datetime.strptime(text, '%Y%m%d').date() for text in found.groups()
        )
    except ValueError:
        return None
    return first, second


def told_numbers(path: Path, keys: Sequence[str], what: str) -> dict[str, float]:
    """Numbers of a GAMMA parameter file, which has them as ``key: number unit`` line by line.

    Args:
        path: The file.
        keys: Numbers wanted.
        what: What the file should be, for the error text.

    Raises:
        FileMissingError: There is no such file.
        ProductError: A key is missing or holds no finite number; all at once.
    """
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        text = path.read_text(encoding='utf-8', errors='replace')
    except OSError as error:
        raise ProductError(f'{path}: cannot be read: {error}') from error
    found: dict[str, float] = {}
    problems = []
    for key in keys:
        match = re.search(rf'^{key}:[ \t]*(\S+)', text, re.M)
        try:
            found[key] = float(match[1]) if match else math.nan
        except ValueError:
            found[key] = math.nan
        if not math.isfinite(found[key]):
            problems.append(f'{key}: {match[1] if match else "missing"}, expected a number')
    raise_together(ProductError, f'{path}: expected {what}', problems)
    return found


def check_same_grid(path: Path, grid: Grid, other: Path, other_grid: Grid) -> None:
    """Refuse files of one product that do not lie on one grid.

    Raises:
        ProductError: They do not.
    """
    if not grid.is_same_as(other_grid, tolerance=0.05):
        raise ProductError(
            f'{other}: lies on {other_grid}, but {path.name} on {grid}; expected one grid. '
            'Give files of one processing'
        )


def finished(
    source: Source,
    *,
    track: str | None,
    layers: Sequence[str] | None,
    reference: Mapping[str, Any] | str | None,
    incidence: float | None,
    heading: float | None,
) -> tuple[Source, ...]:
    """Add a constant line of sight where one is told, take the reference off, choose layers.

    Raises:
        InputError: Incidence without heading or the reverse, or a product that has its own line
            of sight; a reference that makes no sense.
        LayerUnknownError: A layer that the product does not hold is asked for.
    """
    sources: tuple[Source, ...] = (source,)
    if (incidence is None) != (heading is None):
        raise InputError(f'{source.path}: incidence and heading are one line of sight; give both')
    if incidence is not None and heading is not None:
        if any(name.startswith(LOS_LAYERS) for name in source.layers):
            raise InputError(
                f'{source.path}: brings its own line of sight, pixel by pixel; leave incidence '
                'and heading out'
            )
        sources = (source, constant_look(source.path, source.grid, incidence, heading, track))
    return selected(referenced(sources, reference), layers, track, source.path)
