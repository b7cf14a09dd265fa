"""A folder of GeoTIFFs with polygons of landslides: scenes of your own, or sets like GVLM.

Flow: GeoTIFFs, polygons -> [here] -> datasets.loose_tile_dataset, which cuts tiles out of them.
Differs: each file keeps its own grid; what must be aligned first is a stack (tools/build_stack.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import (
    Finding,
    Inputs,
    Labels,
    LooseTile,
    cut,
    masked,
    modalities_of,
)
from fusionls.datasets.public.card import DataSetCard
from fusionls.errors import BandCountError, FileMissingError
from fusionls.geo.raster import BoolArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.window import Window
from fusionls.registry import DATASETS
from fusionls.sources.mapped_landslides import UNMAPPED, MappedArea, MappedLandslides

SUFFIXES = ('.tif', '.tiff')
POLYGONS = ('.gpkg', '.geojson', '.shp', '.parquet', '.fgb')

CARD = DataSetCard(
    name='geotiff_folder',
    title='GeoTIFFs with polygons',
    dataset='GeoTiffFolderDataset',
    about='Georeferenced images of your own, or of sets like GVLM, with polygons of landslides.',
    layers={'(yours)': {'(yours)': '`bands={modality: {layer: band}}`, from 1'}},
    pixel='that of the files, which must count in metres or feet',
    size='any; `tile` cuts',
    nodata='what the files declare, and `nodata=`',
    balance='-',
    splits='None; give `held_out` (each file is a group of its own), `split_file` or `folds`.',
    tree="""<root>/
  images/<site>.tif
  polygons/<site>.gpkg (or .geojson, .shp, .parquet, .fgb)   or one polygons.gpkg for all
  mapped/<site>.gpkg (optional: where somebody has looked; outside does not count)""",
    traps='Polygons are brought to the CRS of each image. An image without a file of polygons is '
    'an error, not an image without landslides: give an empty file for that.',
    licence='-',
    citation='for GVLM: Zhang, Yu, Pun, Shi (2023), ISPRS J. Photogramm. Remote Sens. 197, 1-17, '
    'doi 10.1016/j.isprsjprs.2023.01.018 (non-commercial use)',
    download='-',
    layout_from='-',
    tested_on='written files',
)


@dataclass(frozen=True, kw_only=True)
class GeoTiffTile(LooseTile):
    """A whole GeoTIFF, read window by window.

    Attributes:
        image: The file.
        bands: Band of each layer, from 1, by modality.
        polygons: Landslides.
        mapped: Where somebody has looked; None for everywhere.
        nodata: A value that means invalid beside what the file declares.
    """

    image: Path
    bands: Mapping[str, tuple[int, ...]]
    polygons: Path
    mapped: Path | None = None
    nodata: float | None = None

    def load(self, modalities: Sequence[str]) -> Inputs:
        """See :class:`LooseTile`."""
        return self._part(Window(0, 0, *self.shape), modalities)

    def load_labels(self) -> Labels:
        """See :class:`LooseTile`."""
        labels = self._landslides.labels(self.grid)
        if self._mapped is not None:
            labels[~self._mapped.mask(self.grid)] = UNMAPPED
        return labels

    def read(self, window: Window, modalities: Sequence[str] | None = None) -> Inputs:
        """Any window, of which only the pixels inside are read."""
        chosen = list(modalities or self.modalities)
        whole = Window(0, 0, *self.shape)
        inside = window.intersection(whole)
        # a window beside the image shows nothing; any pixel tells how many bands there are
        there = inside or Window(0, 0, 1, 1)
        beside = replace(window, row=window.row - there.row, col=window.col - there.col)
        out = {}
        for modality, (values, valid) in self._part(there, chosen).items():
            seen = valid if inside else np.zeros_like(valid)
            out[modality] = (cut(values * seen, beside, 0), cut(seen, beside, False))
        return out

    def read_labels(self, window: Window) -> Labels:
        """Any window; 255 outside."""
        part = self.grid.part(window)
        labels = self._landslides.labels(part)
        if self._mapped is not None:
            labels[~self._mapped.mask(part)] = UNMAPPED
        labels[~self._inside(window)] = UNMAPPED
        return labels

    def read_instances(self, window: Window) -> tuple[BoolArray, BoolArray]:
        """Each landslide of a window for itself: masks (K, h, w), none of them ignored (K,)."""
        masks, _ = self._landslides.masks(self.grid.part(window))
        return masks & self._inside(window), np.zeros(len(masks), bool)

    def _inside(self, window: Window) -> BoolArray:
        return cut(np.ones(self.shape, bool), window, False)

    def _part(self, window: Window, modalities: Sequence[str]) -> Inputs:
        with opened(self.image) as dataset:
            return {
                m: masked(*read_bands(dataset, self.bands[m], window, self.nodata))
                for m in modalities
            }

    @cached_property
    def _landslides(self) -> MappedLandslides:
        return MappedLandslides.open(self.polygons, self.grid.crs)

    @cached_property
    def _mapped(self) -> MappedArea | None:
        return None if self.mapped is None else MappedArea.open(self.mapped, self.grid.crs)


@DATASETS.register_module()
class GeoTiffFolderDataset(LooseTileDataset):
    """Tiles cut out of GeoTIFFs.

    Args:
        bands: Band of each layer, from 1: ``{modality: {layer: band}}``.
        nodata: A value that means invalid beside what the files declare.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(
        self,
        *,
        bands: Mapping[str, Mapping[str, int]],
        nodata: float | None = None,
        **options: Any,
    ) -> None:
        self.bands = {modality: dict(layers) for modality, layers in bands.items()}
        self.nodata = nodata
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        finding = Finding()
        if not finding.folders(root / 'images'):
            return finding
        images = sorted(p for p in (root / 'images').iterdir() if p.suffix.lower() in SUFFIXES)
        if not images:
            finding.problems.append(f'{root / "images"}: holds no {" or ".join(SUFFIXES)}')
        for image in images:
            with finding.noting():
                finding.tiles.append(self._tile(root, image))
        return finding

    def _tile(self, root: Path, image: Path) -> GeoTiffTile:
        bands = {modality: tuple(layers.values()) for modality, layers in self.bands.items()}
        most = max(max(numbers) for numbers in bands.values())
        with opened(image) as dataset:
            grid = grid_of(dataset)
            if dataset.count < most:
                raise BandCountError(f'{image}: has {dataset.count} bands; expected {most}')
        polygons = _beside(root / 'polygons', image.stem) or _beside(root, 'polygons')
        if polygons is None:
            raise FileMissingError(
                f'{image}: no polygons/{image.stem} nor polygons ({", ".join(POLYGONS)}) in {root}'
            )
        tile = GeoTiffTile(
            name=image.stem,
            shape=grid.shape,
            modalities=modalities_of(self.bands),
            pixel=grid.pixel,  # refuses degrees and pixels that are not square
            group=image.stem,
            place=grid,
            files=(image, polygons),
            image=image,
            bands=bands,
            polygons=polygons,
            mapped=_beside(root / 'mapped', image.stem),
            nodata=self.nodata,
        )
        tile.read_labels(Window(0, 0, 1, 1))  # polygons that cannot be read are told now
        return tile


def _beside(folder: Path, stem: str) -> Path | None:
    """The file of polygons of this name, if there is one."""
    return next((p for s in POLYGONS if (p := folder / f'{stem}{s}').is_file()), None)
