"""Bands of an optical product as layers: scaled to reflectance, unseen pixels invalid.

Flow: readers of ``sources.optical`` -> [here] -> stack.align.
Bands are invalid under clouds at their own pixels, before anything is averaged to a coarser
grid or taken together in a window, so that no cloud leaks into what stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import (
    FusionlsError,
    GridMismatchError,
    InputError,
    LayerUnknownError,
    ProductError,
    nearest_names,
    raise_together,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.quantities import Quantity
from fusionls.sources.source import Source

REFLECTANCE = Quantity('1')
SATURATED = 65535
"""What Sentinel-2 and Landsat write where a detector was saturated."""
_QUALIFIER = re.compile(r'[a-z0-9]+(_[a-z0-9]+)*')


@dataclass(frozen=True)
class Band:
    """Where a band is stored, and how counts become its values.

    Attributes:
        path: The file.
        number: Band of the file, from 1.
        scale: Value = scale * count + offset.
        offset: The same.
    """

    path: Path
    number: int = 1
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class BandSource(Source):
    """Bands of one pixel size.

    Attributes:
        path: The product, for error texts.
        grid: Where the pixels are.
        bands: Where each layer is stored.
        quantities: Unit and kind by layer name, in band order.
        nodata: A count that means invalid, beside what the files declare.
        saturated: A count of detectors that saw too much light; invalid.
        clear: The mask of what is neither cloud nor shadow, on a grid of its own; None for none.
        files: Every file, for the record.
        record: What the product said of itself.
    """

    path: Path
    grid: Grid
    bands: Mapping[str, Band]
    quantities: dict[str, Quantity]
    nodata: float | None = None
    saturated: float | None = None
    clear: Source | None = None
    files: tuple[Path, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _clear_here(self) -> Resampler | None:
        return None if self.clear is None else Resampler(self.clear.grid, self.grid)

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        window = window or self.grid.window
        values, valid = self.counts(window)
        for index, band in enumerate(self.bands.values()):
            if (band.scale, band.offset) != (1.0, 0.0):
                values[index] = values[index] * np.float64(band.scale) + band.offset
        if self.clear is not None and self._clear_here is not None:
            _, sound = self._clear_here.part(self.clear.read, window, self.clear.kinds)
            valid &= sound
        return np.where(valid, values, np.float32(0)), valid

    def counts(self, window: Window) -> tuple[FloatArray, BoolArray]:
        """What is stored in a window, (layers, h, w), before scales and cloud masks; and valid."""
        values = np.zeros((len(self.bands), window.height, window.width), np.float32)
        valid = np.zeros(values.shape, bool)
        order = list(self.bands.values())
        for path in dict.fromkeys(band.path for band in order):
            here = [index for index, band in enumerate(order) if band.path == path]
            with opened(path) as dataset:
                values[here], valid[here] = read_bands(
                    dataset, [order[index].number for index in here], window, self.nodata
                )
        if self.saturated is not None:
            valid &= values != np.float32(self.saturated)
        return values, valid


def sources_by_grid(path: Path, bands: Mapping[str, Band], **said: Any) -> tuple[BandSource, ...]:
    """One source per pixel size, the finest first.

    Args:
        path: The product.
        bands: Where each layer is stored.
        **said: What the sources share: see :class:`BandSource`; ``quantity`` of all layers.

    Raises:
        GridMismatchError: The bands lie in several CRSs, or do not cover the same ground.
        InputError: Files cannot be used; all of them at once.
    """
    grids = grids_of(path, {band.path for band in bands.values()})
    _check_same_ground(path, grids)
    groups: list[tuple[Grid, dict[str, Band]]] = []
    for layer, band in bands.items():
        grid = grids[band.path]
        for known, group in groups:
            if known.is_same_as(grid):
                group[layer] = band
                break
        else:
            groups.append((grid, {layer: band}))
    quantity = said.pop('quantity', REFLECTANCE)
    return tuple(
        BandSource(path, grid, group, dict.fromkeys(group, quantity), **said)
        for grid, group in sorted(groups, key=lambda item: item[0].pixel_width)
    )


def grids_of(path: Path, files: Iterable[Path]) -> dict[Path, Grid]:
    """The grid of each file; raises all problems at once."""
    grids: dict[Path, Grid] = {}
    errors: list[FusionlsError] = []
    for file in sorted(files):
        try:
            with opened(file) as dataset:
                grids[file] = grid_of(dataset)
        except FusionlsError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    raise_together(InputError, f'{path}: cannot be used', [str(error) for error in errors])
    return grids


def _check_same_ground(path: Path, grids: Mapping[Path, Grid]) -> None:
    first = next(iter(grids.values()))
    problems = []
    for file, grid in grids.items():
        slack = max(first.pixel_width, grid.pixel_width)
        apart = max(abs(a - b) for a, b in zip(first.bounds, grid.bounds, strict=True))
        if grid.crs != first.crs or apart > slack:
            problems.append(f'{file.name}: {grid}')
    if problems:
        problems.insert(0, f'{next(iter(grids)).name}: {first}')
    raise_together(
        GridMismatchError,
        f'{path}: its bands do not cover the same ground',
        problems,
        'Bands of one scene share CRS and extent; give each scene a folder of its own.',
    )


def qualified(path: Path, qualifier: str | None) -> str:
    """The end of layer names: ``'_post'`` for ``post``, empty for None.

    Raises:
        InputError: It is not made of lower-case letters, digits and single underscores.
    """
    if qualifier is None:
        return ''
    if not _QUALIFIER.fullmatch(str(qualifier)):
        raise InputError(
            f'{path}: qualifier {qualifier!r} cannot end a layer name; expected lower-case '
            'letters and digits, such as post or 2021'
        )
    return f'_{qualifier}'


def checked_choice(path: Path, option: str, value: str, known: Collection[str]) -> str:
    """``value``, if it is one of ``known``; raises InputError otherwise."""
    if value not in known:
        raise InputError(f'{path}: {option} is {value!r}; expected one of {", ".join(known)}')
    return value


def chosen_layers(
    path: Path,
    asked: Sequence[str] | None,
    stored: Mapping[str, str],
    known: Mapping[str, str],
    suffix: str,
) -> list[str]:
    """Layers to read, without qualifier, in the order asked.

    Args:
        path: The product.
        asked: Names with or without the qualifier; None for all that is stored.
        stored: Name of the band by layer, of what the product holds.
        known: The same, of what the sensor has.
        suffix: The qualifier, with its underscore.

    Raises:
        LayerUnknownError: The sensor has no such layer.
        ProductError: Bands are missing; all of them are named.
    """
    if asked is None:
        return list(stored)
    if isinstance(asked, str):
        raise InputError(f'{path}: layers is {asked!r}; expected a list of layer names')
    names = [str(name).removesuffix(suffix) if suffix else str(name) for name in asked]
    unknown = [f'{name!r}: {nearest_names(name, known)}' for name in names if name not in known]
    raise_together(LayerUnknownError, f'{path}: layers this sensor does not have', unknown)
    missing = [f'{known[name]} ({name})' for name in names if name not in stored]
    if missing or not names:
        raise ProductError(
            f'{path}: holds no {", ".join(missing) or "layer that was asked for"}; it holds '
            f'{", ".join(sorted(stored.values()))}. Fetch the missing bands, or ask for fewer '
            'layers.'
        )
    if len(set(names)) < len(names):
        raise InputError(f'{path}: layers names one twice: {", ".join(names)}')
    return names


def checked_scaling(path: Path, scale: float | None, offset: float | None) -> None:
    """Refuse a scale or an offset that cannot lead to reflectance.

    Raises:
        InputError: ``scale`` is not above zero, or ``offset`` is in counts.
    """
    problems = []
    if scale is not None and not 0 < scale <= 1:
        problems.append(f'scale is {scale:g}; expected one in (0, 1], such as 0.0001')
    if offset is not None and not -1 < offset < 1:
        problems.append(
            f'offset is {offset:g}; expected one in reflectance, applied after the scale: -0.1 '
            'where the product says -1000 counts'
        )
    raise_together(InputError, f'{path}: reflectance = scale * count + offset', problems)


SAMPLE_SIDE = 256
"""Pixels along a side of the windows in which values are looked at."""


def sampled_counts(source: BandSource) -> dict[str, FloatArray]:
    """Valid counts of five windows (corners and middle) by layer; all where these hold none."""
    rows, cols = source.grid.shape
    height, width = min(rows, SAMPLE_SIDE), min(cols, SAMPLE_SIDE)
    bottom, right = rows - height, cols - width
    places = [(bottom // 2, right // 2), (0, 0), (0, right), (bottom, 0), (bottom, right)]
    windows = [Window(row, col, height, width) for row, col in dict.fromkeys(places)]
    found = _valid_counts(source, windows)
    if not any(counts.size for counts in found.values()):
        found = _valid_counts(source, [source.grid.window])
    return found


def _valid_counts(source: BandSource, windows: Sequence[Window]) -> dict[str, FloatArray]:
    read = [source.counts(window) for window in windows]
    return {
        layer: np.concatenate([values[i][valid[i]] for values, valid in read])
        for i, layer in enumerate(source.bands)
    }
