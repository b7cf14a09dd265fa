"""Read a stack: windows of every modality at its own pixel size, with valid masks.

Flow: stack.store (folder on disk) -> [here] -> datasets, inference, inventory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from fusionls.errors import (
    FusionlsError,
    LayerMissingError,
    StackError,
    nearest_names,
    raise_together,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, open_raster, opened, read_bands
from fusionls.geo.window import Window
from fusionls.quantities import Quantity
from fusionls.sources.mapped_landslides import UNMAPPED
from fusionls.stack.manifest import Manifest


@dataclass(frozen=True)
class StackModality:
    """One modality of a stack.

    Attributes:
        name: ``optical``, ``terrain``, ...
        layers: Layer names in band order.
        quantities: Unit and kind by layer name.
        factor: Pixel side in base pixels.
        grid: The base grid's extent in pixels of this modality.
        path: Its GeoTIFF.
        valid_share: Share of pixels where all layers are valid, 0 to 1.
    """

    name: str
    layers: tuple[str, ...]
    quantities: dict[str, Quantity]
    factor: int
    grid: Grid
    path: Path
    valid_share: float


class LayerStack:
    """The co-registered layers of one scene on disk; get one from :meth:`open`.

    Safe to hand to worker processes and threads: each opens the files for itself.

    Attributes:
        folder: Where it lies.
        manifest: What ``stack.json`` states.
        modalities: By name, in the order of ``stack.json``.

    Example:
        >>> stack = LayerStack.open('work_dirs/valley')  # doctest: +SKIP
        >>> values, valid = stack.read(stack.grid.window)['terrain']  # doctest: +SKIP
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.modalities = {
            name: StackModality(
                name,
                tuple(record.quantities),
                dict(record.quantities),
                record.factor,
                manifest.grid.coarser(record.factor),
                folder / record.file,
                record.valid_share,
            )
            for name, record in manifest.modalities.items()
        }
        self._local = threading.local()

    @classmethod
    def open(cls, folder: str | Path) -> LayerStack:
        """Open a stack and check that its files agree with ``stack.json``.

        Raises:
            StackError: The folder is no stack, or files are missing or do not fit; all at once.
        """
        folder = Path(folder)
        manifest = Manifest.load(folder)
        problems: list[str] = []
        coarsest = max(record.factor for record in manifest.modalities.values())
        for name, record in manifest.modalities.items():
            if coarsest % record.factor:
                problems.append(f'{name}: factor {record.factor} does not divide {coarsest}')
            try:
                grid = manifest.grid.coarser(record.factor)
            except FusionlsError as error:
                problems.append(f'{name}: {error}')
                continue
            layers = tuple(record.quantities)
            problems += _misfits(folder / record.file, grid, 'float32', layers)
        if manifest.labels:
            problems += _misfits(folder / manifest.labels, manifest.grid, 'uint8', ('labels',))
        raise_together(
            StackError, f'{folder}: the stack is damaged', problems, 'Build the stack again.'
        )
        return cls(folder, manifest)

    @property
    def name(self) -> str:
        """Name of the scene."""
        return self.manifest.name

    @property
    def grid(self) -> Grid:
        """The base grid: metric CRS, square pixels."""
        return self.manifest.grid

    @property
    def simulated(self) -> bool:
        """Whether the scene was made up by a simulation."""
        return self.manifest.simulated

    @property
    def has_labels(self) -> bool:
        """Whether mapped landslides came with the scene."""
        return self.manifest.labels is not None

    @property
    def coarsest(self) -> int:
        """The largest factor of all modalities; windows lie on its multiples."""
        return max(modality.factor for modality in self.modalities.values())

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Read a window of each modality at its own pixel size.

        Args:
            window: In base pixels, on multiples of :attr:`coarsest`; may hang over the edge of
                the scene, where everything is invalid.
            modalities: Which to read; all by default.

        Returns:
            By modality: values (C, h/f, w/f) float32 in the layers' units, zero where invalid,
            and valid (h/f, w/f) bool, True where all layers of the modality are valid.

        Raises:
            LayerMissingError: The stack has no such modality.
            ValueError: The window does not lie on multiples of :attr:`coarsest`.
        """
        window.shrunk(self.coarsest)
        wanted = list(self.modalities if modalities is None else modalities)
        missing = [name for name in wanted if name not in self.modalities]
        if missing:
            raise LayerMissingError(
                f'{self.folder}: has no modality {", ".join(map(repr, missing))}; '
                f'{nearest_names(missing[0], self.modalities)}'
            )
        return {name: self._read_modality(self.modalities[name], window) for name in wanted}

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """Read the labels of a window of base pixels; it may hang over the edge.

        Returns:
            (h, w): 1 landslide, 0 none, 255 not mapped or outside of the scene.

        Raises:
            LayerMissingError: The scene came without mapped landslides.
        """
        if self.manifest.labels is None:
            raise LayerMissingError(
                f'{self.folder}: has no labels; name the mapped landslides in the scene '
                'description (landslides: {file: ...}) and build the stack again'
            )
        labels = np.full((window.height, window.width), UNMAPPED, np.uint8)
        inside = window.intersection(self.grid.window)
        if inside is not None:
            dataset = self._dataset(self.folder / self.manifest.labels)
            read, _ = read_bands(dataset, [1], inside, use_mask=False)
            labels[_within(inside, window).slices] = read[0].astype(np.uint8)
        return labels

    def _read_modality(
        self, modality: StackModality, window: Window
    ) -> tuple[FloatArray, BoolArray]:
        window = window.shrunk(modality.factor)
        count = len(modality.layers)
        inside = window.intersection(modality.grid.window)
        if inside is None:
            shape = (window.height, window.width)
            return np.zeros((count, *shape), np.float32), np.zeros(shape, bool)
        # the files hold NaN where invalid, which read_bands sees without a second, mask, read
        read, valid_bands = read_bands(
            self._dataset(modality.path), range(1, count + 1), inside, use_mask=False
        )
        valid_read: BoolArray = np.all(valid_bands, axis=0)
        np.copyto(read, 0, where=~valid_read)
        if inside == window:
            return read, valid_read
        values = np.zeros((count, window.height, window.width), np.float32)
        valid = np.zeros((window.height, window.width), bool)
        rows, cols = _within(inside, window).slices
        values[:, rows, cols] = read
        valid[rows, cols] = valid_read
        return values, valid

    def _dataset(self, path: Path) -> DatasetReader:
        # GDAL handles must be shared neither by threads nor across a fork
        if getattr(self._local, 'process', None) != os.getpid():
            self._local.process = os.getpid()
            self._local.datasets = {}
        if path not in self._local.datasets:
            self._local.datasets[path] = open_raster(path)
        dataset: DatasetReader = self._local.datasets[path]
        return dataset

    def close(self) -> None:
        """Close the files this thread has open; reading opens them again."""
        if getattr(self._local, 'process', None) == os.getpid():
            for dataset in self._local.datasets.values():
                dataset.close()
        self._local = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {'folder': self.folder, 'manifest': self.manifest}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    def __repr__(self) -> str:
        parts = ', '.join(
            f'{m.name} {len(m.layers)} x {m.grid.pixel:g} m' for m in self.modalities.values()
        )
        return f'LayerStack({self.name!r}, {self.grid.rows} x {self.grid.cols}, {parts})'


def _within(inside: Window, window: Window) -> Window:
    return Window(inside.row - window.row, inside.col - window.col, inside.height, inside.width)


def _misfits(path: Path, grid: Grid, dtype: str, layers: tuple[str, ...]) -> list[str]:
    try:
        with opened(path) as dataset:
            found_grid = grid_of(dataset)
            found_layers = tuple(dataset.descriptions)
            found_dtypes = set(dataset.dtypes)
            nodata = dataset.nodata
    except FusionlsError as error:
        return [str(error)]
    problems = []
    if not found_grid.is_same_as(grid):
        problems.append(f'{path.name}: lies on {found_grid}; expected {grid}')
    if found_layers != layers:
        problems.append(f'{path.name}: has bands {found_layers}; expected {layers}')
    if found_dtypes != {dtype}:
        problems.append(f'{path.name}: holds {", ".join(sorted(found_dtypes))}; expected {dtype}')
    if dtype == 'float32' and (nodata is None or not np.isnan(nodata)):
        problems.append(f'{path.name}: declares nodata {nodata}; expected NaN')
    return problems
