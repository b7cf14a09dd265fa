"""MMLSv2: real multimodal landslide tiles of Valles Marineris, Mars, as one scene.

Features:
    optical (red, green, blue, grey; 8-bit counts), terrain (elevation in metres, slope in
    degrees), thermal (thermal inertia, 8-bit), 232 m pixels, a binary landslide mask.
Format:
    ``images/colCCCCC_rowRRRRR.tif`` float32 (7, 128, 128) and ``masks/`` of the same names,
    uint8 {0, 1}. Columns and rows count cells of one 128-pixel grid in SimpleCylindrical_Mars,
    so tiles mosaic; cells without landslides were not published and are holes here (invalid and
    unlabelled, not background).
Traps handled:
    masks declare nodata = 0 (the background is data, not a hole); six tiles have a row of
    -3.4e38 in the slope band with no nodata declared (invalid here); bands are not in the order
    of the modalities; the tiles of the last column (83) and row (28) do not lie where their names
    say but 8 pixels further west and 116 further north, to end with the scene, so tiles are
    placed by their georeference.
Citation:
    "MMLSv2: A Multimodal Dataset for Martian Landslide Detection in Remote Sensing Imagery",
    CVPR workshops 2026; first release: Paheding et al., "MarsLS-Net", WACV 2024.
Split:
    The official validation and test tiles are not part of the published training folder.
    Validation here is blocks of columns with a buffer column on each side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fusionls.datasets.loose_tiles import Finding, modalities_of
from fusionls.datasets.picture_tiles import Picture, picture_tile, tiles_of_folders
from fusionls.datasets.places import data_set_folder
from fusionls.datasets.public.card import REAL, DataSetCard
from fusionls.datasets.splits import SplitMap, blocks_of_columns
from fusionls.datasets.tile_dataset import UNLABELLED, Scene, TileDataset
from fusionls.errors import FileMissingError, InputError, LabelError, raise_together
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.window import Window, row_strips
from fusionls.layers.catalog import layer_spec
from fusionls.registry import DATASETS
from fusionls.stack.store import new_stack

CELL = 128
"""Side of a tile, pixels."""

BANDS: dict[str, dict[str, int]] = {
    'optical': {'optical_red': 5, 'optical_green': 6, 'optical_blue': 7, 'optical_grey': 4},
    'terrain': {'terrain_elevation': 3, 'terrain_slope': 2},
    'thermal': {'thermal_inertia': 1},
}
"""Band of the file (from 1) by layer and modality."""

VALIDATION_COLUMNS = ((20, 30), (60, 70))
"""Half-open ranges of cell columns held out for validation."""

CARD = DataSetCard(
    name='mars_mmls_v2',
    title='MMLSv2: multimodal Martian landslides, second release',
    dataset='MarsMmlsV2Dataset',
    about='Colour, grey, elevation, slope and thermal inertia of landslides in Valles Marineris, '
    'Mars, on one grid: tiles mosaic into scenes (`tools/datasets/mosaic_mars_mmls_v2.py`).',
    layers={
        modality: {name: f'`images`, band {band}' for name, band in bands.items()}
        for modality, bands in BANDS.items()
    },
    pixel='232 m',
    size='128 x 128; read as one scene, cut anywhere',
    nodata='-3.4e38 in the slope of six tiles, not declared; cells that were not published',
    counts={'': 465},
    balance='35.4 % of the pixels; no tile is without landslide',
    splits='The published validation (66) and test tiles (133, and 276 of another region) lie in '
    'folders of their own. Here blocks of columns with a buffer, `validation_columns`.',
    tree="""mars_mmls_v2/
  images/col00000_row00001.tif ...   masks/ of the same names""",
    traps='Masks declare nodata 0, which is background; bands are not in the order of modalities; '
    'the tiles of the last column and row do not lie where their names say.',
    licence='the repositories say MIT; that of the data is not stated there',
    citation='MMLSv2: a multimodal dataset for Martian landslide detection in remote sensing '
    'imagery (2026), CVPR workshops, arXiv 2602.08112',
    download='https://huggingface.co/datasets/MarsLS/MMLSv2',
    layout_from='amimulamim/Mars-LS-Segmentation, data/phase1_dataset/train',
    tested_on=REAL,
)

NAME = re.compile(r'col(\d+)_row(\d+)')
_Tile: TypeAlias = tuple[dict[str, tuple[FloatArray, BoolArray]], NDArray[np.uint8]]


def _cell_of(path: Path) -> tuple[int, int]:
    """Row and column of the cell a file is named for."""
    col, row = NAME.fullmatch(path.stem).groups()  # type: ignore[union-attr]  # names are checked
    return int(row), int(col)


class MarsMmlsV2:
    """The tiles of one folder as one scene with holes; satisfies ``datasets.Scene``.

    Tiles are read when first needed and kept (220 MB for all 465).

    Args:
        root: Folder with ``images`` and ``masks``.

    Raises:
        FileMissingError: A folder, or the mask of an image, is not there; all are named.
        InputError: A tile has another shape, band count or pixel grid than the others.
        LabelError: A mask holds something else than 0 and 1.
    """

    name = 'mars_mmls_v2'

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._paths = self._find_tiles()
        grids = []
        for path in self._paths:
            with opened(path) as dataset:
                grids.append(grid_of(dataset))
        first = grids[0]
        west, north = min(g.west for g in grids), max(g.north for g in grids)
        # names count cells from the corner of the whole grid, whose first rows hold no landslide
        row, col = min(_cell_of(path) for path in self._paths)
        at = grids[[_cell_of(path) for path in self._paths].index((row, col))]
        north = max(north, at.north + row * CELL * first.pixel_height)
        west = min(west, at.west - col * CELL * first.pixel_width)
        self._places = np.array(
            [
                ((north - g.north) / first.pixel_height, (g.west - west) / first.pixel_width)
                for g in grids
            ]
        )  # (tiles, 2): row and column of the upper left pixel
        problems = [
            f'{path}: {grid}; expected {CELL} x {CELL} pixels of '
            f'{first.pixel_width:g} on the grid of {self._paths[0].name}'
            for path, grid, place in zip(self._paths, grids, self._places, strict=True)
            if grid.shape != (CELL, CELL)
            # equal ones are mostly one object, and to compare two takes 10 ms
            or (grid.crs is not first.crs and grid.crs != first.crs)
            or np.abs(place - np.round(place)).max() > 0.01
        ]
        raise_together(InputError, 'tiles do not fit together', problems, 'Fetch them again.')
        self._places = np.round(self._places).astype(int)
        rows, cols = self._places.max(0) + CELL
        self.grid = Grid(
            first.crs, west, north, first.pixel_width, first.pixel_height, int(rows), int(cols)
        )
        self.modalities = modalities_of(BANDS)
        self._tiles: dict[int, _Tile] = {}

    def _find_tiles(self) -> list[Path]:
        problems = [
            f'{self.root / part}: no such folder'
            for part in ('images', 'masks')
            if not (self.root / part).is_dir()
        ]
        cure = (
            'Expected <root>/images/col00000_row00001.tif ... and <root>/masks/ of the same names.'
        )
        raise_together(FileMissingError, 'MMLSv2 tiles are missing', problems, cure)
        paths = sorted((self.root / 'images').glob('*.tif'))
        for path in paths:
            if NAME.fullmatch(path.stem) is None:
                problems.append(f'{path}: its name is not colCCCCC_rowRRRRR.tif')
                continue
            if not (self.root / 'masks' / path.name).is_file():
                problems.append(f'{self.root / "masks" / path.name}: no mask for this image')
        if not paths:
            problems.append(f'{self.root / "images"}: holds no tile')
        raise_together(FileMissingError, 'MMLSv2 tiles are missing', problems, cure)
        return paths

    def _tile(self, number: int) -> _Tile:
        if number not in self._tiles:
            self._tiles[number] = self._read_tile(self._paths[number])
        return self._tiles[number]

    def _read_tile(self, path: Path) -> _Tile:
        count = sum(map(len, BANDS.values()))
        with opened(path) as dataset:
            if dataset.count != count:
                raise InputError(
                    f'{path}: {dataset.count} bands; expected {count}. Fetch the tile again.'
                )
            values, valid = read_bands(dataset, range(1, count + 1))
        with opened(self.root / 'masks' / path.name) as dataset:
            mask, _ = read_bands(dataset, [1], use_mask=False)  # its nodata is the background
        if not np.isin(mask, (0, 1)).all() or mask.shape[1:] != (CELL, CELL):
            raise LabelError(
                f'{self.root / "masks" / path.name}: values {np.unique(mask)[:5]}, shape '
                f'{mask.shape[1:]}; expected {CELL} x {CELL} of 0 and 1'
            )
        inputs: dict[str, tuple[FloatArray, BoolArray]] = {}
        for modality, bands in BANDS.items():
            index = [band - 1 for band in bands.values()]
            sound: BoolArray = np.asarray(valid[index].all(0))
            inputs[modality] = (np.where(sound, values[index], np.float32(0)), sound)
        return inputs, mask[0].astype(np.uint8)

    def read(
        self, window: Window, modalities: Sequence[str] | None = None
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Values (C, h, w), zero where invalid, and valid (h, w) of any window."""
        chosen = list(self.modalities) if modalities is None else list(modalities)
        out: dict[str, tuple[FloatArray, BoolArray]] = {
            m: (
                np.zeros((len(self.modalities[m].layers), window.height, window.width), np.float32),
                np.zeros((window.height, window.width), bool),
            )
            for m in chosen
        }
        for number, target, source in self._overlaps(window):
            inputs, _ = self._tile(number)
            for modality, (values, valid) in out.items():
                values[(slice(None), *target)] = inputs[modality][0][(slice(None), *source)]
                valid[target] = inputs[modality][1][source]
        return out

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """(h, w): 1 landslide, 0 none, 255 where no tile was published."""
        labels = np.full((window.height, window.width), UNLABELLED, np.uint8)
        for number, target, source in self._overlaps(window):
            labels[target] = self._tile(number)[1][source]
        return labels

    def _overlaps(
        self, window: Window
    ) -> list[tuple[int, tuple[slice, slice], tuple[slice, slice]]]:
        """The tiles under a window: number, pixels of the window, pixels of the tile."""
        found = []
        corner = (window.row, window.col)
        near = (self._places > np.subtract(corner, CELL)) & (
            self._places < np.add(corner, (window.height, window.width))
        )
        for number in np.flatnonzero(near.all(1)):
            row, col = map(int, self._places[number])
            common = window.intersection(Window(row, col, CELL, CELL))
            assert common is not None  # near says so
            target = replace(common, row=common.row - window.row, col=common.col - window.col)
            source = replace(common, row=common.row - row, col=common.col - col)
            found.append((int(number), target.slices, source.slices))
        return found

    def write_stack(self, out: str | Path, columns: tuple[int, int]) -> Path:
        """Mosaic the tiles of some cell columns into a stack; holes stay invalid.

        Args:
            out: Folder of the stack.
            columns: Half-open range of cell columns.

        Raises:
            InputError: No tile lies there.
        """
        left, right = columns[0] * CELL, columns[1] * CELL
        inside = (self._places[:, 1] < right) & (self._places[:, 1] + CELL > left)
        if not inside.any():
            raise InputError(f'no tile lies in columns {columns[0]} to {columns[1] - 1}')
        top = int(self._places[inside, 0].min())
        bottom = int(self._places[inside, 0].max()) + CELL
        area = Window(top, left, bottom - top, min(right, self.grid.cols) - left)
        grid = self.grid.part(area)
        with new_stack(out, grid) as stack:
            for modality, bands in BANDS.items():
                quantities = {name: layer_spec(name).quantity for name in bands}
                with stack.modality(modality, quantities, factor=1) as writer:
                    for strip in row_strips(area.height, area.width, CELL):
                        there = replace(strip, row=area.row + strip.row, col=area.col)
                        writer.write(*self.read(there, [modality])[modality], strip)
            with stack.labels() as writer:
                labels = self.read_labels(area)
                writer.write(labels, Window(0, 0, area.height, area.width), 1)
            stack.finish(
                f'{self.name}_columns_{columns[0]}_{columns[1] - 1}',
                parameters={'data_set': self.name, 'columns': list(columns)},
            )
        return Path(out)


def find_mars_mmls_v2(root: Path) -> Finding:
    """Every tile by itself, for a check of the files."""

    def make(image: Path, mask: Path) -> Any:
        pictures = {m: Picture(image, tuple(bands.values())) for m, bands in BANDS.items()}
        return picture_tile(image.stem, pictures, mask, modalities=modalities_of(BANDS))

    return tiles_of_folders(root / 'images', root / 'masks', ('.tif',), make)


@DATASETS.register_module()
class MarsMmlsV2Dataset(TileDataset):
    """Tiles of MMLSv2, split by blocks of columns.

    Args:
        root: Folder with ``images`` and ``masks``, see ``places.data_set_folder``.
        validation_columns: Half-open ranges of cell columns held out.
        buffer: Cell columns beside them that nobody uses.
        **options: Those of :class:`TileDataset`.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        validation_columns: Sequence[Sequence[int]] = VALIDATION_COLUMNS,
        buffer: int = 1,
        tile: int = CELL,
        **options: Any,
    ) -> None:
        self.root = root
        self.validation_columns = [(start, stop) for start, stop in validation_columns]
        self.buffer = buffer
        super().__init__(tile=tile, **options)

    def open_scenes(self) -> list[tuple[Scene, SplitMap | None]]:
        """The tiles as one scene, shared out by columns."""
        scene = MarsMmlsV2(data_set_folder(self.root))
        owners = blocks_of_columns(scene.grid.shape, CELL, self.validation_columns, self.buffer)
        return [(scene, owners)]
