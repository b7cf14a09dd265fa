"""A source whose layers follow from the planes of a product by a formula, window by window.

Flow: planes of files (HDF5, GeoTIFF, raw) -> [here] -> Source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import InputError, LayerUnknownError, nearest_names
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.layers.spec import Plane
from fusionls.quantities import Quantity
from fusionls.sources.source import North, Source, WrappedSource

Planes = dict[str, Plane]
ReadPlane = Callable[[Window], Plane]
"""Reads a window that lies inside the grid: values (h, w) float32 and valid."""
Formula = Callable[[Planes, tuple[int, int]], Planes]
"""Layers, without track, of the planes of a window and its shape."""


def named_quantities(layers: Sequence[str], track: str | None) -> dict[str, Quantity]:
    """Catalogue quantities by layer name, the track appended."""
    return {with_track(layer, track): layer_spec(layer).quantity for layer in layers}


def with_track(layer: str, track: str | None) -> str:
    """``insar_velocity_los`` and ``asc`` -> ``insar_velocity_los_asc``."""
    return f'{layer}_{track}' if track else layer


@dataclass(frozen=True)
class FormulaSource(Source):
    """Layers of one grid that a formula makes of planes; see :class:`Source` for the rest.

    Attributes:
        inputs: Planes by the name the formula knows.
        formula: Makes the layers.
        track: Appended to the names the formula gives.
    """

    path: Path
    grid: Grid
    quantities: dict[str, Quantity]
    inputs: Mapping[str, ReadPlane]
    formula: Formula
    track: str | None = None
    files: tuple[Path, ...] = ()
    north: North = North.TRUE
    masks: bool = False
    record: Mapping[str, Any] = field(default_factory=dict)

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        area = window or self.grid.window
        planes = {name: read(area) for name, read in self.inputs.items()}
        made = self.formula(planes, (area.height, area.width))
        found = {with_track(name, self.track): plane for name, plane in made.items()}
        values = np.stack([found[name][0] for name in self.quantities]).astype(np.float32)
        valid = np.stack([found[name][1] for name in self.quantities])
        with np.errstate(invalid='ignore'):
            valid &= np.isfinite(values)
        return np.where(valid, values, np.float32(0)), valid


@dataclass(frozen=True)
class SelectedSource(WrappedSource):
    """Some layers of another source."""

    names: tuple[str, ...]

    @property
    def quantities(self) -> dict[str, Quantity]:  # type: ignore[override]
        """See :class:`Source`."""
        return {name: self.whole.quantities[name] for name in self.names}

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        values, valid = self.whole.read(window)
        index = [self.whole.layers.index(name) for name in self.names]
        return values[index], valid[index]


def selected(
    sources: Sequence[Source], layers: Sequence[str] | None, track: str | None, path: Path
) -> tuple[Source, ...]:
    """Keep some layers of a product; all by default.

    Args:
        sources: What the product holds.
        layers: Layers wanted, with or without the track.
        track: Qualifier of its layers.
        path: For the error text.

    Raises:
        LayerUnknownError: The product has no such layer.
    """
    if layers is None:
        return tuple(sources)
    known = [name for source in sources for name in source.layers]
    wanted = [name if name in known else with_track(name, track) for name in layers]
    missing = [name for name in wanted if name not in known]
    if missing:
        raise LayerUnknownError(
            f'{path}: holds no {", ".join(missing)}; {nearest_names(missing[0], known)}'
        )
    found: list[Source] = []
    for source in sources:
        names = tuple(name for name in source.layers if name in wanted)
        if names == source.layers:
            found.append(source)
        elif names or source.masks:
            found.append(SelectedSource(source, names) if names else source)
    return tuple(found)


def masked_below(planes: Planes, coherence: Plane | None, least: float | None) -> Planes:
    """Planes that are invalid where the coherence is below a limit, or unknown.

    Raises:
        InputError: A limit is given and there is no coherence.
    """
    if least is None:
        return planes
    if coherence is None:
        raise InputError('mask_below needs a coherence, which the product does not have')
    good = coherence[1] & (coherence[0] >= least)
    return {name: (values, valid & good) for name, (values, valid) in planes.items()}
