"""Write a stack whole or not at all.

Flow: stack.build (windows of aligned layers) -> [here] -> folder on disk -> stack.layer_stack.
Everything is written into a hidden folder beside the final one and renamed when ``stack.json``,
the last file, is on disk. A killed run leaves a hidden folder that the next run clears away.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from numpy.typing import NDArray

from fusionls.errors import FusionlsError, OutputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import new_geotiff
from fusionls.geo.vector_io import write_polygons
from fusionls.geo.window import Window
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Quantity
from fusionls.sources.mapped_landslides import UNMAPPED
from fusionls.stack.layer_stack import LayerStack
from fusionls.stack.manifest import MANIFEST_NAME, InputRecord, Manifest, ModalityRecord

LABELS_NAME = 'labels.tif'
POLYGONS_NAME = 'landslides.gpkg'
POLYGONS_LAYER = 'landslides'
_SIDECARS = ('.aux.xml', '.ovr')  # what GDAL and QGIS write beside a raster they have shown


class ModalityWriter:
    """Takes the windows of one modality; counts the valid pixels on the way.

    Attributes:
        valid_pixels: Pixels so far where all layers are valid.
        valid_by_layer: Valid pixels so far of each layer.
    """

    def __init__(self, writer: Any, layers: int) -> None:
        self._writer = writer
        self.valid_pixels = 0
        self.valid_by_layer = np.zeros(layers, np.int64)

    def write(self, values: FloatArray, valid: BoolArray, window: Window) -> None:
        """Write a window.

        Args:
            values: (C, h, w) in the layers' units.
            valid: (C, h, w), or (h, w) for all layers alike.
            window: Pixels of the modality's own grid.
        """
        valid = np.broadcast_to(valid, values.shape)
        self._writer.write(np.where(valid, values, np.float32(np.nan)), window)
        self.valid_pixels += int(valid.all(axis=0).sum())
        self.valid_by_layer += valid.sum(axis=(1, 2))


class StackWriter:
    """A stack in the making; get one from :func:`new_stack`."""

    def __init__(self, folder: Path, grid: Grid) -> None:
        self.folder = folder
        self.grid = grid
        self._modalities: dict[str, ModalityRecord] = {}
        self._labels: str | None = None

    @contextmanager
    def modality(
        self, name: str, quantities: Mapping[str, Quantity], factor: int
    ) -> Iterator[ModalityWriter]:
        """Write one modality window by window.

        Args:
            name: ``optical``, ``terrain``, ...
            quantities: Unit and kind by layer name, in band order.
            factor: Pixel side in base pixels; the base grid's shape is a multiple of it.
        """
        grid = self.grid.coarser(factor)
        file = f'{name}.tif'
        with new_geotiff(self.folder / file, grid, list(quantities)) as tiff:
            writer = ModalityWriter(tiff, len(quantities))
            yield writer
        share = writer.valid_pixels / (grid.rows * grid.cols)
        self._modalities[name] = ModalityRecord(file, factor, dict(quantities), share)

    @contextmanager
    def labels(self) -> Iterator[Any]:
        """Write the labels (h, w) uint8 by ``write(values, window, 1)``: 1, 0 or 255."""
        path = self.folder / LABELS_NAME
        with new_geotiff(path, self.grid, ['labels'], 'uint8', nodata=UNMAPPED) as tiff:
            yield tiff
        self._labels = LABELS_NAME

    def polygons(self, frame: geopandas.GeoDataFrame) -> None:
        """Write the mapped landslides beside the rasters, for looking at."""
        write_polygons(frame, self.folder / POLYGONS_NAME, POLYGONS_LAYER)

    def so_far(self, name: str) -> LayerStack:
        """What is written of the stack, to be read before it is finished."""
        return LayerStack(
            self.folder, Manifest(name=name, grid=self.grid, modalities=dict(self._modalities))
        )

    def valid_share(self, modality: str) -> float:
        """Share of valid pixels of a modality that is written, 0 to 1."""
        return self._modalities[modality].valid_share

    def finish(
        self,
        name: str,
        *,
        inputs: Sequence[InputRecord] = (),
        parameters: Mapping[str, Any] | None = None,
        coregistration: dict[str, Any] | None = None,
        simulated: bool = False,
    ) -> None:
        """Write ``stack.json``, the last file."""
        manifest = Manifest(
            name=name,
            grid=self.grid,
            modalities=self._modalities,
            labels=self._labels,
            inputs=tuple(inputs),
            parameters=dict(parameters or {}),
            coregistration=coregistration,
            simulated=simulated,
        )
        with (self.folder / MANIFEST_NAME).open('w', encoding='utf-8') as stream:
            stream.write(manifest.to_json())
            stream.flush()
            os.fsync(stream.fileno())


def check_can_write(folder: str | Path, overwrite: bool) -> None:
    """Refuse a place where a stack must not be written, before any work is done.

    Raises:
        OutputError: Something stands there that may not, or cannot, be replaced.
    """
    folder = Path(folder)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f'{folder}: is a file; give a folder for the stack')
    found = {path.name for path in folder.iterdir()}
    if not found:
        return
    if MANIFEST_NAME not in found:
        raise OutputError(
            f'{folder}: holds {len(found)} things and is no stack; choose an empty folder or '
            'another name'
        )
    if not overwrite:
        raise OutputError(
            f'{folder}: holds a stack already; choose another name, or replace it '
            '(overwrite=True, or --overwrite)'
        )
    try:
        ours = Manifest.load(folder).files | {POLYGONS_NAME}
    except FusionlsError:
        ours = {name for name in found if name.endswith('.tif')} | {MANIFEST_NAME, POLYGONS_NAME}
    foreign = sorted(
        name for name in found - ours if not any(name.endswith(end) for end in _SIDECARS)
    )
    if foreign:
        raise OutputError(
            f'{folder}: replacing the stack would delete what is not part of it: '
            f'{", ".join(foreign)}. Move that elsewhere first.'
        )


@contextmanager
def new_stack(folder: str | Path, grid: Grid, *, overwrite: bool = False) -> Iterator[StackWriter]:
    """Write a stack; it appears under ``folder`` when :meth:`StackWriter.finish` was called.

    Args:
        folder: Final name.
        grid: Base grid.
        overwrite: Whether a stack that stands there may be replaced, at the end.

    Raises:
        OutputError: It cannot be written; what stood there before is unchanged.
    """
    folder = Path(folder)
    check_can_write(folder, overwrite)
    host = socket.gethostname()
    hidden = folder.with_name(f'.{folder.name}.{host}.{os.getpid()}.part')
    old = hidden.with_suffix('.old')
    try:
        _clear_leftovers(folder, host)
        hidden.mkdir(parents=True)
        writer = StackWriter(hidden, grid)
        yield writer
        if not (hidden / MANIFEST_NAME).exists():
            raise RuntimeError('StackWriter.finish was not called')
        if folder.exists():
            folder.rename(old)
        hidden.rename(folder)
    except OutputError as error:
        # the hidden folder's name means nothing to the reader
        raise OutputError(str(error).replace(str(hidden), str(folder))) from error
    except FusionlsError:
        raise
    except OSError as error:
        raise OutputError(
            f'{folder}: the stack could not be written: {error}. Check the folder, its rights '
            'and the space on the disk; what stood there before is unchanged.'
        ) from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(hidden, ignore_errors=True)


def _clear_leftovers(folder: Path, host: str) -> None:
    """Clear away, or put back, hidden folders of runs on this machine that were killed."""
    for leftover in folder.parent.glob(f'.{glob.escape(f"{folder.name}.{host}")}.*'):
        process, ending = leftover.name.rsplit('.', 2)[-2:]
        if not process.isdigit() or int(process) == os.getpid() or _is_alive(int(process)):
            continue
        if ending == 'old' and not folder.exists():
            leftover.rename(folder)  # killed between the two renames
        elif ending in {'old', 'part'}:
            shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True)
class ModalityArrays:
    """A modality in memory, for :func:`write_stack`.

    Attributes:
        values: (C, h/f, w/f) in the layers' units; anything where invalid.
        valid: (h/f, w/f) or (C, h/f, w/f) bool.
        layers: C layer names of the catalogue, or quantities by name.
        factor: f, pixel side in base pixels.
    """

    values: FloatArray
    valid: BoolArray
    layers: Sequence[str] | Mapping[str, Quantity]
    factor: int = 1

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Unit and kind by layer name."""
        if isinstance(self.layers, Mapping):
            return dict(self.layers)
        return {name: layer_spec(name).quantity for name in self.layers}


def write_stack(
    folder: str | Path,
    grid: Grid,
    modalities: Mapping[str, ModalityArrays],
    *,
    labels: NDArray[np.uint8] | None = None,
    name: str | None = None,
    simulated: bool = False,
    overwrite: bool = False,
    parameters: Mapping[str, Any] | None = None,
    inputs: Sequence[InputRecord] = (),
) -> LayerStack:
    """Write arrays that are in memory as a stack.

    Args:
        folder: Final name.
        grid: Base grid; its shape is a multiple of every factor.
        modalities: By name.
        labels: (h, w): 1 landslide, 0 none, 255 not mapped.
        name: Name of the scene; the folder's by default.
        simulated: Whether the scene was made up.
        overwrite: Whether a stack that stands there may be replaced.
        parameters: For ``stack.json``; anything JSON can hold.
        inputs: For ``stack.json``.

    Raises:
        OutputError: It cannot be written; nothing is left behind.
    """
    folder = Path(folder)
    with new_stack(folder, grid, overwrite=overwrite) as writer:
        for modality, arrays in modalities.items():
            with writer.modality(modality, arrays.quantities, arrays.factor) as tiff:
                tiff.write(
                    np.asarray(arrays.values, np.float32),
                    arrays.valid,
                    grid.coarser(arrays.factor).window,
                )
        if labels is not None:
            with writer.labels() as tiff:
                tiff.write(np.asarray(labels, np.uint8), grid.window, 1)
        writer.finish(
            name or folder.name, inputs=inputs, parameters=parameters, simulated=simulated
        )
    return LayerStack.open(folder)
