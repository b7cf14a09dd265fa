"""A raster file as delivered -> layers by name, in canonical units, with valid masks.

Serves optical images, elevation models, InSAR velocity and coherence, and rasterised LiDAR.
Flow: files -> geo.raster_io -> [here] -> stack.align.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from fusionls.sources.insar.look import constant_look
from fusionls.sources.source import North, Source

TOWARD, AWAY = 'toward', 'away'
"""Motion that a product counts as positive: toward the satellite (ours) or away from it."""
LOS_MOTIONS = ('insar_velocity_los', 'insar_displacement_los')


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
        ignore_nodata: Whether the nodata the file declares is a real value.
    """

    path: Path
    grid: Grid
    bands: dict[str, int]
    quantities: dict[str, Quantity]
    scales: dict[str, tuple[float, float]]
    nodata: float | None = None
    mask_below: float | None = None
    ignore_nodata: bool = False
    files: tuple[Path, ...] = ()
    north: North = North.GRID
    record: Mapping[str, Any] = field(default_factory=dict)

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
        ignore_nodata: bool = False,
        positive: str = TOWARD,
        north: str = North.GRID,
    ) -> SourceRaster:
        """Look at a raster file and check that it fits what is said of it.

        Args:
            path: The file.
            layers: Layer name of each band in the file's order; None skips a band.
            unit: Unit the file counts in, for all its layers or by layer; canonical by default.
            kind: Kind of layers that are not in the catalogue.
            nodata: A value that means invalid beside what the file declares.
            mask_below: See :class:`SourceRaster`.
            ignore_nodata: The nodata the file declares is a real value (bytes that declare 255
                and hold it in bright places).
            positive: What the line-of-sight layers of the file count as positive: ``toward`` the
                satellite or ``away`` from it. Ours is toward.
            north: What vector components and azimuths are counted from: the ``grid``'s columns
                or ``true`` north.

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
        sign = _sign(path, positive, list(quantities), errors)
        if north not in tuple(North):
            errors.append(InputError(f'{path}: north is {north!r}, expected grid or true'))
        grid, stored, files = _looked_at(path, layers, errors)
        named = [layer for layer in layers if layer is not None]
        if len(set(named)) < len(named) or not named:
            errors.append(
                InputError(f'{path}: name each layer once, and one at least; got {named}')
            )
        if errors or grid is None:
            raise _joined(path, errors)
        bands = {layer: band for band, layer in enumerate(layers, start=1) if layer is not None}
        scales = {
            layer: (stored[band - 1][0] * factor, stored[band - 1][1] * factor)
            for layer, band in bands.items()
            if (factor := factors[layer] * sign.get(layer, 1.0))
        }
        return cls(
            path,
            grid,
            bands,
            quantities,
            scales,
            nodata,
            mask_below,
            ignore_nodata,
            files,
            North(north),
            {'positive': positive} if sign else {},
        )

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
            values, valid = read_bands(
                dataset,
                list(self.bands.values()),
                window,
                self.nodata,
                use_mask=not self.ignore_nodata,
            )
        for index, (scale, offset) in enumerate(self.scales.values()):
            if (scale, offset) != (1.0, 0.0):
                values[index] = values[index] * np.float64(scale) + offset
        if self.mask_below is not None:
            valid &= (values >= self.mask_below).all(axis=0)
        return np.where(valid, values, np.float32(0)), valid


def _sign(
    path: Path, positive: str, layers: Sequence[str], errors: list[FusionlsError]
) -> dict[str, float]:
    """Factor that turns each line-of-sight layer to ours: positive toward the satellite."""
    along = [layer for layer in layers if layer.startswith(LOS_MOTIONS)]
    if positive not in (TOWARD, AWAY):
        errors.append(InputError(f'{path}: positive is {positive!r}, expected {TOWARD} or {AWAY}'))
    elif positive == AWAY and not along:
        errors.append(
            InputError(
                f'{path}: positive: {AWAY} speaks of motion along the line of sight; the file '
                f'holds {", ".join(layers)}'
            )
        )
    return dict.fromkeys(along, -1.0 if positive == AWAY else 1.0)


def _looked_at(
    path: Path, layers: Sequence[str | None], errors: list[FusionlsError]
) -> tuple[Grid | None, list[tuple[float, float]], tuple[Path, ...]]:
    """Grid, scale and offset of each band, files; what is wrong is added to ``errors``."""
    grid, stored = None, []
    files: tuple[Path, ...] = (path,)
    try:
        with opened(path) as dataset:
            files = tuple(dict.fromkeys([path, *map(Path, dataset.files)]))
            stored = list(zip(dataset.scales, dataset.offsets, strict=True))
            if dataset.count != len(layers):
                errors.append(_band_count_error(path, dataset.count, layers))
            grid = grid_of(dataset)
    except FusionlsError as error:
        errors.append(error)
    return grid, stored, files


def open_raster_source(
    file: Path,
    *,
    layers: Sequence[str],
    unit: str | Mapping[str, str] | None = None,
    kind: Kind | None = None,
    nodata: float | None = None,
    mask_below: float | None = None,
    ignore_nodata: bool = False,
    positive: str = TOWARD,
    north: str = 'grid',
    track: str | None = None,
    incidence: float | None = None,
    heading: float | None = None,
) -> tuple[Source, ...]:
    """Layers of a georeferenced raster (GeoTIFF, VRT, JPEG 2000, ESRI ASCII, ...), band by band.

    Args:
        file: The raster.
        layers: Layer of each band in the file's order; null skips a band.
        unit: Unit the file counts in (``mm/yr``, ``ft``, ...), for all of its layers or by layer;
            the layer's canonical unit by default.
        kind: Kind of a layer that is not in the catalogue, which needs a unit too.
        nodata: A value that means invalid beside what the file declares.
        mask_below: Pixels with a layer below this (in its canonical unit) are invalid in the
            whole modality, such as those of low coherence.
        ignore_nodata: The nodata the file declares is a real value.
        positive: Motion the file counts as positive: ``toward`` the satellite or ``away``.
        north: What vector components and azimuths are counted from: the columns of the
            ``grid``, or ``true`` north.
        track: Qualifier of the line of sight that ``incidence`` and ``heading`` make.
        incidence: Degrees from vertical; with ``heading`` it gives the line of sight as constant
            layers ``insar_los_east``, ``insar_los_north``, ``insar_los_up``.
        heading: Flight direction of a right-looking satellite, degrees clockwise from north.

    Raises:
        InputError: One of ``incidence`` and ``heading`` without the other; and see
            :meth:`SourceRaster.open`.
    """
    raster = SourceRaster.open(
        file,
        layers,
        unit=unit,
        kind=kind,
        nodata=nodata,
        mask_below=mask_below,
        ignore_nodata=ignore_nodata,
        positive=positive,
        north=north,
    )
    if (incidence is None) != (heading is None):
        raise InputError(f'{file}: incidence and heading are one line of sight; give both')
    if incidence is None or heading is None:
        return (raster,)
    return raster, constant_look(file, raster.grid, incidence, heading, track)


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
