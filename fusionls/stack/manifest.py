"""``stack.json``: what a stack holds, what it was made from, and by what.

Flow: stack.store writes it last -> [here] -> stack.layer_stack reads it first. A folder without
it is no stack, so a stack that was not finished is never taken for one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio

import fusionls
from fusionls.errors import FusionlsError, StackError, raise_together
from fusionls.geo.grid import Grid
from fusionls.quantities import Kind, Quantity

MANIFEST_NAME = 'stack.json'
FORMAT = 'fusionls-stack'
VERSION = 1


@dataclass(frozen=True)
class ModalityRecord:
    """One modality of a stack as ``stack.json`` states it.

    Attributes:
        file: Name of the GeoTIFF inside the stack's folder.
        factor: Pixel side in base pixels.
        quantities: Unit and kind by layer name, in band order.
        valid_share: Share of pixels where all layers are valid, 0 to 1.
    """

    file: str
    factor: int
    quantities: dict[str, Quantity]
    valid_share: float


@dataclass(frozen=True)
class InputRecord:
    """A file the stack was made from: path as given, SHA-256 in hex, size in bytes."""

    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """The content of ``stack.json``.

    Attributes:
        name: Name of the scene.
        grid: Base grid.
        modalities: By name.
        labels: File name of the label raster, or None.
        inputs: Files the stack was made from.
        parameters: How it was made; anything JSON can hold.
        software: Version by package name.
        coregistration: Report of co-registration; None where none was done.
        simulated: Whether the scene was made up by a simulation.
    """

    name: str
    grid: Grid
    modalities: dict[str, ModalityRecord]
    labels: str | None = None
    inputs: tuple[InputRecord, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    software: dict[str, str] = field(default_factory=lambda: software_versions())
    coregistration: dict[str, Any] | None = None
    simulated: bool = False

    @property
    def files(self) -> set[str]:
        """Names of every file of the stack that the manifest speaks of, itself included."""
        labels = {self.labels} if self.labels else set()
        return {MANIFEST_NAME} | {m.file for m in self.modalities.values()} | labels

    def to_json(self) -> str:
        """The text of ``stack.json``."""
        grid = self.grid
        content = {
            'format': FORMAT,
            'version': VERSION,
            'name': self.name,
            'simulated': self.simulated,
            'grid': {
                'crs': grid.crs.to_wkt(),
                'west': grid.west,
                'north': grid.north,
                'pixel_width': grid.pixel_width,
                'pixel_height': grid.pixel_height,
                'rows': grid.rows,
                'cols': grid.cols,
            },
            'modalities': {
                name: {
                    'file': record.file,
                    'factor': record.factor,
                    'layers': [
                        {'name': layer, 'unit': quantity.unit, 'kind': quantity.kind.value}
                        for layer, quantity in record.quantities.items()
                    ],
                    'valid_share': record.valid_share,
                }
                for name, record in self.modalities.items()
            },
            'labels': self.labels,
            'inputs': [vars(record) for record in self.inputs],
            'parameters': self.parameters,
            'software': self.software,
            'coregistration': self.coregistration,
        }
        return json.dumps(content, indent=2, allow_nan=False) + '\n'

    @classmethod
    def load(cls, folder: str | Path) -> Manifest:
        """Read ``stack.json`` of a folder.

        Raises:
            StackError: There is none, or it does not say what it must; everything wrong at once.
        """
        path = Path(folder) / MANIFEST_NAME
        if not path.is_file():
            raise StackError(
                f'{folder}: is no stack: it has no {MANIFEST_NAME}. Build one: '
                'python tools/build_stack.py SCENE.yaml OUT'
            )
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
        except (ValueError, OSError) as error:
            raise StackError(
                f'{path}: cannot be read as JSON ({error}); build the stack again'
            ) from error
        if not isinstance(content, dict) or content.get('format') != FORMAT:
            raise StackError(f'{path}: is not the description of a stack (no format: {FORMAT!r})')
        if content.get('version') != VERSION:
            raise StackError(
                f'{path}: is version {content.get("version")!r}, this fusionls '
                f'{fusionls.__version__} reads version {VERSION}; build the stack again, '
                'or use the fusionls that built it'
            )
        return _parsed(content, path)


def _parsed(content: Mapping[str, Any], path: Path) -> Manifest:
    problems: list[str] = []

    def part(what: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except (KeyError, TypeError, ValueError, AttributeError, FusionlsError) as error:
            reason = f'{error} is missing' if type(error) is KeyError else str(error)
            problems.append(f'{what}: {reason}')
            return None

    grid = part('grid', lambda: _grid_from(content['grid']))
    modalities = {
        name: part(f'modality {name!r}', lambda record=record: _modality_from(record))
        for name, record in (
            part('modalities', lambda: dict(content['modalities'].items())) or {}
        ).items()
    }
    if not modalities:
        problems.append('modalities: there is none')
    labels = content.get('labels')
    if labels is not None:
        part('labels', lambda: _plain_name(labels))
    inputs = part('inputs', lambda: tuple(InputRecord(**i) for i in content.get('inputs', ())))
    raise_together(StackError, f'{path} is damaged', problems, 'Build the stack again.')
    return Manifest(
        name=str(content.get('name', path.parent.name)),
        grid=grid,
        modalities=modalities,
        labels=labels,
        inputs=inputs,
        parameters=content.get('parameters') or {},
        software=content.get('software') or {},
        coregistration=content.get('coregistration'),
        simulated=bool(content.get('simulated', False)),
    )


def _grid_from(record: Mapping[str, Any]) -> Grid:
    return Grid(
        pyproj.CRS.from_wkt(record['crs']),
        float(record['west']),
        float(record['north']),
        float(record['pixel_width']),
        float(record['pixel_height']),
        int(record['rows']),
        int(record['cols']),
    )


def _modality_from(record: Mapping[str, Any]) -> ModalityRecord:
    factor = int(record['factor'])
    if factor < 1:
        raise ValueError(f'factor is {factor}, expected 1 or more')
    quantities = {
        layer['name']: Quantity(layer['unit'], Kind(layer['kind'])) for layer in record['layers']
    }
    if not quantities:
        raise ValueError('has no layer')
    return ModalityRecord(
        _plain_name(record['file']), factor, quantities, float(record['valid_share'])
    )


def _plain_name(name: Any) -> str:
    if not isinstance(name, str) or name != Path(name).name:
        raise ValueError(f'file {name!r} must be a plain name inside the folder')
    return name


def software_versions() -> dict[str, str]:
    """Versions of what writes a stack, by package name."""
    return {
        'fusionls': fusionls.__version__,
        'rasterio': rasterio.__version__,
        'gdal': rasterio.__gdal_version__,
        'numpy': np.__version__,
        'pyproj': version('pyproj'),
    }


def input_record(path: Path, shown: str) -> InputRecord:
    """Checksum of an input file.

    Args:
        path: Where it is.
        shown: How to name it in ``stack.json``.
    """
    with path.open('rb') as stream:
        digest = hashlib.file_digest(stream, 'sha256')
        return InputRecord(shown, digest.hexdigest(), stream.tell())
