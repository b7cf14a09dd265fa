"""What the readers of InSAR products share: planes of rasters, line of sight, the last steps.

Flow: planes of a product -> [here] -> Source.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import InputError, ProductError
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


def check_points(path: Path, points: str) -> None:
    """Refuse a word for where a line of sight points that is none.

    Raises:
        InputError: It is neither ``to_satellite`` nor ``to_ground``.
    """
    if points not in (TO_SATELLITE, TO_GROUND):
        raise InputError(f'{path}: los_points is {points!r}, expected to_satellite or to_ground')


def dates_of(path: Path) -> tuple[datetime.date, datetime.date] | None:
    """The two dates in the name of an interferogram, the earlier first; None without."""
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
