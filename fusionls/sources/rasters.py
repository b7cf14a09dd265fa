"""A raster file as delivered -> layers by name, in canonical units, with valid masks.

Serves optical images, elevation models, InSAR velocity and coherence, and rasterised LiDAR.
Flow: files -> geo.raster_io -> [here] -> stack.align.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusionls.errors import (
    BandCountError,
    FusionlsError,
    InputError,
    LayerUnknownError,
    UnitUnknownError,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Kind, Quantity, canonical, conversion
from fusionls.sources.source import Source


@dataclass(frozen=True)
class SourceRaster(Source):
    """A raster whose bands are known layers; get one from :meth:`open`.

    Attributes:
        path: The file.
        grid: Its grid.
        bands: Band number, from 1, by layer name.
        quantities: Unit and kind by layer name, in band order.
        scales: Canonical value = scale * stored value + offset: (scale, offset) by layer name.
        nodata: A value that means invalid beside what the file declares.
        mask_below: Pixels with any layer below this (canonical unit) are invalid in all; None
            for no such rule.
    """

    path: Path
    grid: Grid
    bands: dict[str, int]
    quantities: dict[str, Quantity]
    scales: dict[str, tuple[float, float]]
    nodata: float | None = None
    mask_below: float | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        layers: Sequence[str | None],
        *,
        unit: str | Mapping[str, str] | None = None,
        kind: str | None = None,
        nodata: float | None = None,
        mask_below: float | None = None,
    ) -> SourceRaster:
        """Look at a raster file and check that it fits what is said of it.

        Args:
            path: The file.
            layers: Layer name of each band in the file's order; None skips a band.
            unit: Unit the file counts in, for all its layers or by layer; canonical by default.
            kind: Kind of layers that are not in the catalogue.
            nodata: A value that means invalid beside what the file declares.
            mask_below: See :class:`SourceRaster`.

        Raises:
            FileMissingError: There is no such file.
            NotARasterError: It is no raster.
            CrsMissingError: It has no CRS.
            RotatedRasterError: It is not north-up.
            BandCountError: It holds another number of bands than ``layers`` has.
            LayerUnknownError: A layer is not in the catalogue and no unit and kind are given.
            UnitUnknownError: A unit is unknown or does not fit the layer.
            InputError: Several of these at once.
        """
        path = Path(path)
        errors: list[FusionlsError] = []
        quantities: dict[str, Quantity] = {}
        factors: dict[str, float] = {}
        for layer in layers:
            if layer is None:
                continue
            stated = unit.get(layer) if isinstance(unit, Mapping) else unit
            try:
                quantities[layer], factors[layer] = _meaning(layer, stated, kind)
            except FusionlsError as error:
                errors.append(type(error)(f'{path}: {error}'))
        grid, stored = _looked_at(path, layers, errors)
        named = [layer for layer in layers if layer is not None]
        if len(set(named)) < len(named) or not named:
            errors.append(
                InputError(f'{path}: name each layer once, and one at least; got {named}')
            )
        if errors or grid is None:
            raise _joined(path, errors)
        bands = {layer: band for band, layer in enumerate(layers, start=1) if layer is not None}
        scales = {
            layer: (stored[band - 1][0] * factors[layer], stored[band - 1][1] * factors[layer])
            for layer, band in bands.items()
        }
        return cls(path, grid, bands, quantities, scales, nodata, mask_below)

    @property
    def masks(self) -> bool:
        """Whether its invalid pixels make every layer of its modality invalid."""
        return self.mask_below is not None

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """Read all layers of a window that lies inside the raster; the whole by default.

        Returns:
            values (layers, h, w) float32 in canonical units, zero where invalid; valid, alike.
        """
        with opened(self.path) as dataset:
            values, valid = read_bands(dataset, list(self.bands.values()), window, self.nodata)
        for index, (scale, offset) in enumerate(self.scales.values()):
            if (scale, offset) != (1.0, 0.0):
                values[index] = values[index] * np.float64(scale) + offset
        if self.mask_below is not None:
            valid &= (values >= self.mask_below).all(axis=0)
        return np.where(valid, values, np.float32(0)), valid


def _looked_at(
    path: Path, layers: Sequence[str | None], errors: list[FusionlsError]
) -> tuple[Grid | None, list[tuple[float, float]]]:
    """Grid, and scale and offset of each band; what is wrong is added to ``errors``."""
    grid, stored = None, []
    try:
        with opened(path) as dataset:
            stored = list(zip(dataset.scales, dataset.offsets, strict=True))
            if dataset.count != len(layers):
                errors.append(_band_count_error(path, dataset.count, layers))
            grid = grid_of(dataset)
    except FusionlsError as error:
        errors.append(error)
    return grid, stored


def _joined(path: Path, errors: Sequence[FusionlsError]) -> FusionlsError:
    if len(errors) == 1:
        return errors[0]
    lines = [f'{path}: cannot be used ({len(errors)} problems):']
    return InputError('\n'.join(lines + [f'  - {error}' for error in errors]))


def _meaning(layer: str, unit: str | None, kind: str | None) -> tuple[Quantity, float]:
    """Quantity of a layer, and the factor from ``unit`` to its canonical unit."""
    try:
        quantity = layer_spec(layer).quantity
    except LayerUnknownError:
        if unit is None or kind is None:
            raise
        canonical_unit, factor = canonical(unit)
        return Quantity(canonical_unit, _kind(layer, kind)), factor
    if kind is not None and _kind(layer, kind) is not quantity.kind:
        raise LayerUnknownError(
            f'layer {layer!r} is {quantity.kind.value} in the catalogue, not {kind}; leave the '
            'kind out, or choose another name'
        )
    try:
        return quantity, 1.0 if unit is None else conversion(unit, quantity.unit)
    except UnitUnknownError as error:
        raise UnitUnknownError(f'layer {layer!r}: {error}') from error


def _kind(layer: str, kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError as error:
        known = ', '.join(k.value for k in Kind)
        raise InputError(f'layer {layer!r}: kind {kind!r} is unknown; known: {known}') from error


def _band_count_error(path: Path, found: int, layers: Sequence[str | None]) -> BandCountError:
    return BandCountError(
        f'{path}: holds {found} band{"s" * (found != 1)}, but {len(layers)} '
        f'{"are" if len(layers) != 1 else "is"} named: '
        f'{", ".join("null" if name is None else name for name in layers)}. Name one layer for '
        'each band in its order; null skips a band.'
    )
