"""MMLS, first release: landslides of Valles Marineris, Mars, as loose channels-last TIFFs.

Flow: TIFF files -> [here] -> datasets.loose_tile_dataset.
Source of the layout: see :data:`CARD`. The second release is ``mars_mmls_v2``.
Differs: GDAL takes the 128 pages of a file for pictures of 128 x 7 pixels and reads the first
one; the pages are rows here, and are read by tifffile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import BINARY, Finding, Inputs, masked, modalities_of
from fusionls.datasets.picture_tiles import (
    PictureTile,
    joined,
    picture_shape,
    tiles_of_folders,
)
from fusionls.datasets.public.card import REAL, DataSetCard
from fusionls.errors import InputError, NotARasterError
from fusionls.registry import DATASETS

PLACES = {
    'optical': {
        'optical_red_scaled': 2,
        'optical_green_scaled': 1,
        'optical_blue_scaled': 0,
        'optical_grey_scaled': 6,
    },
    'terrain': {'terrain_elevation_scaled': 3, 'terrain_slope_scaled': 5},
    'thermal': {'thermal_inertia_scaled': 4},
}
"""Place on the last axis, from 0, by layer and modality."""
SHAPE = (128, 128, 7)
PIXEL = 232.0
SUFFIXES = ('.tif',)

CARD = DataSetCard(
    name='mars_mmls',
    title='MMLS: multimodal Martian landslides, first release',
    dataset='MarsMmlsDataset',
    about='Colour, grey, elevation, slope and thermal inertia of landslides in Valles Marineris, '
    'Mars. Not Earth, but real, and of four kinds of sensors.',
    layers={
        modality: {name: f'last axis, {place}' for name, place in layers.items()}
        for modality, layers in PLACES.items()
    },
    pixel='232 m',
    size='128 x 128',
    nodata='none declared',
    balance='41 % of the pixels of nine tiles looked at; the whole set is not counted here',
    splits='Published: `train` (`Image_*`) and `test` (`ImageT_*`); `folds` makes validation of '
    'the former. Tiles are random cuts that may overlap each other, and those of the second '
    'release: never train on one and test on the other.',
    tree="""mars_mmls/
  train_partition/images/Image_patch_R_C.tif    train_partition/masks/Mask_patch_R_C.tif
  test_partition/images/ImageT_patch_R_C.tif    test_partition/masks/MaskT_patch_R_C.tif
or images/ and masks/ with both""",
    traps='Files hold 128 pages of 128 x 7 numbers, rows first and bands last, which GDAL reads '
    'as one picture. All bands are scaled to 0 to 1. The order of bands is not published; it was '
    'found by correlation with the georeferenced second release, whose masks differ: on nine '
    'patches looked at they agree on 34 to 96 % of the pixels that both have.',
    licence='the badge of the repository says MIT; there is no licence file',
    citation='Paheding et al. (2024), MarsLS-Net, WACV',
    download='https://github.com/MAIN-Lab/Multimodal-Martian-Landslides-Dataset',
    layout_from='MAIN-Lab/Multimodal-Martian-Landslides-Dataset and the copy of '
    'tingul4/Multimodal-Martian-Landslides-Dataset',
    tested_on=REAL,
)


@dataclass(frozen=True, kw_only=True)
class PagedTile(PictureTile):
    """A tile whose image is a paged TIFF.

    Attributes:
        image: The file.
    """

    image: Path

    def load(self, modalities: Sequence[str]) -> Inputs:
        """See :class:`LooseTile`."""
        values = np.moveaxis(_pages(self.image), -1, 0)
        return {m: masked(values[list(PLACES[m].values())]) for m in modalities}


@DATASETS.register_module()
class MarsMmlsDataset(LooseTileDataset):
    """Tiles of the first release of MMLS.

    Args:
        codes: Label by value of the masks.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(self, *, codes: Mapping[int, int] = BINARY, **options: Any) -> None:
        self.codes = dict(codes)
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        return find_mars_mmls(root, self.codes)


def find_mars_mmls(root: Path, codes: Mapping[int, int] = BINARY) -> Finding:
    """Every tile of the published tree, or of one folder with all."""
    parts = [part for part in sorted(root.glob('*_partition')) if part.is_dir()]

    def make(image: Path, mask: Path) -> Any:
        if picture_shape(mask) != SHAPE[:2]:
            raise InputError(
                f'sizes of one tile differ: {image} {SHAPE[0]} x {SHAPE[1]}, {mask} '
                f'{" x ".join(map(str, picture_shape(mask)))}'
            )
        split = 'test' if image.stem.startswith('ImageT_') else 'train'
        _check_pages(image)
        return PagedTile(
            name=f'{split}/{image.stem}',
            shape=SHAPE[:2],
            modalities=modalities_of(PLACES),
            pixel=PIXEL,
            split=split,
            pictures={},
            image=image,
            mask=mask,
            codes=dict(codes),
            files=(image, mask),
        )

    return joined(
        tiles_of_folders(part / 'images', part / 'masks', SUFFIXES, make, _stem)
        for part in parts or [root]
    )


def _check_pages(path: Path) -> None:
    """Refuse a file of another shape, from its header."""
    with _opened(path) as file:
        shape = file.series[0].shape
    if shape != SHAPE:
        raise InputError(f'{path}: is {shape}; expected {SHAPE}, bands last')


def _pages(path: Path) -> NDArray[Any]:
    with _opened(path) as file:
        try:
            return np.asarray(file.asarray())
        except Exception as error:  # whatever a broken page makes of it
            raise NotARasterError(f'{path}: {_DAMAGED} ({error})') from error


def _opened(path: Path) -> tifffile.TiffFile:
    try:
        return tifffile.TiffFile(path)
    except Exception as error:  # tifffile raises what a broken header makes of it
        raise NotARasterError(f'{path}: {_DAMAGED} ({error})') from error


_DAMAGED = 'cannot be read as TIFF; the file is damaged or incomplete. Fetch it again'


def _stem(stem: str) -> str:
    """What ``ImageT_patch_1_2`` and ``MaskT_patch_1_2`` have in common."""
    return stem.removeprefix('Image').removeprefix('Mask')
