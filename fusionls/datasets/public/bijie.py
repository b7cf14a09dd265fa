"""Bijie: 770 landslides and 2003 other places of Guizhou, China, as pictures of differing sizes.

Flow: PNG files -> [here] -> datasets.loose_tile_dataset.
Source of the layout: see :data:`CARD`.
Differs: a tile without landslide has no mask file; all of it counts as free of landslides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import Finding, modalities_of
from fusionls.datasets.picture_tiles import Picture, joined, picture_tile, tiles_of_folders
from fusionls.datasets.public.card import REAL, DataSetCard
from fusionls.errors import InputError
from fusionls.registry import DATASETS

BANDS = {
    'optical': {'optical_red': 1, 'optical_green': 2, 'optical_blue': 3},
    'terrain': {'terrain_elevation_scaled': 1},
}
"""Band of the pictures, from 1, by layer and modality."""
PIXEL = 0.8
CODES = {0: 0, 1: 1, 255: 1}  # copies hold either 1 or 255 for a landslide
SUFFIXES = ('.png',)
_HEADER_LINES = 2  # of a boundary file

CARD = DataSetCard(
    name='bijie',
    title='Bijie landslide dataset',
    dataset='BijieDataset',
    about='Optical pictures (TripleSat, May to August 2018) and elevation of 770 landslides and '
    '2003 other places in Bijie, Guizhou, China.',
    layers={
        'optical': {
            name: f'`image`, band {band}, 8 bit' for name, band in BANDS['optical'].items()
        },
        'terrain': {'terrain_elevation_scaled': '`dem`, band 1, 8 bit: no metres'},
    },
    pixel='0.8 m',
    size='61 to 1239 pixels a side, each its own',
    nodata='none',
    counts={'landslide/': 770, 'non-landslide/': 2003},
    balance='10.1 % of the pixels of the landslide tiles, 0 of the others',
    splits='None published. Papers split at random (`folds`), so that tiles of one slope stand on '
    'both sides; original names begin with letters for the county, by which `held_out` splits.',
    tree="""Bijie-landslide-dataset/
  landslide/image/*.png   mask/*.png   dem/*.png   polygon_coordinate/*.txt
  non-landslide/image/*.png   dem/*.png""",
    traps='Copies without `dem` are read as optical alone. The folder `images` and `masks` with '
    'names `ls_*` and `nls_*`, as some repositories have it, is read too. Masks are polygons, '
    'coarse at the edges. Boundary files have two lines of header, then column and row a line.',
    licence='None stated; its authors ask to be cited. The original site has been down since 2023.',
    citation='Ji, Yu, Shen, Li, Xu (2020), Landslide detection from an open satellite imagery and '
    'digital elevation model dataset using attention boosted convolutional neural networks, '
    'Landslides 17, doi 10.1007/s10346-020-01353-2',
    download='Copies on Kaggle (hanstankman/bijie-landslidedataset) and in repositories',
    layout_from='The trees that repositories reading the set print, such as that of DCT-UNet++ '
    '(xinxin2021110/DCT-UNETplusplus); the flat one is of '
    'Atharva1601/landslide-detection-deeplabv3',
    tested_on=f'{REAL} (flat copy, optical and masks); elevation and boundaries on written files',
)


@DATASETS.register_module()
class BijieDataset(LooseTileDataset):
    """Tiles of Bijie.

    Args:
        codes: Label by value of the masks.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(self, *, codes: Mapping[int, int] = CODES, **options: Any) -> None:
        self.codes = dict(codes)
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        return find_bijie(root, self.codes)


def find_bijie(root: Path, codes: Mapping[int, int] = CODES) -> Finding:
    """Every tile of the published tree, or of a flat copy of it."""
    base = root / 'Bijie-landslide-dataset'
    base = base if base.is_dir() else root
    if not (base / 'landslide').is_dir() and (base / 'images').is_dir():
        return tiles_of_folders(
            base / 'images',
            base / 'masks',
            SUFFIXES,
            lambda image, mask: picture_tile(
                f'{"landslide" if image.stem.startswith("ls") else "non-landslide"}/{image.stem}',
                {'optical': _picture('optical', image)},
                mask,
                **_told(codes),
            ),
        )
    slides, others = base / 'landslide', base / 'non-landslide'

    def make(image: Path, mask: Path | None) -> Any:
        kind = image.parents[1]
        pictures = {'optical': _picture('optical', image)}
        if (kind / 'dem').is_dir():
            pictures['terrain'] = _picture('terrain', kind / 'dem' / image.name)
        tile = picture_tile(
            f'{kind.name}/{image.stem}', pictures, mask, group=_county(image), **_told(codes)
        )
        if mask is not None and (kind / 'polygon_coordinate').is_dir():
            _check_boundary(kind / 'polygon_coordinate' / f'{image.stem}.txt', tile.shape)
        return tile

    with_masks = tiles_of_folders(slides / 'image', slides / 'mask', SUFFIXES, make)
    without = Finding()
    if without.folders(others / 'image'):
        images = sorted(others.glob('image/*.png'))
        if not images:
            without.problems.append(f'{others / "image"}: holds no .png')
        for image in images:
            with without.noting():
                without.tiles.append(make(image, None))
    return joined([with_masks, without])


def read_boundary(path: Path) -> NDArray[np.int64]:
    """Corners of a landslide, (n, 2): column and row.

    Raises:
        InputError: It cannot be read, or has fewer than three corners.
    """
    try:
        lines = path.read_text(encoding='utf-8').splitlines()[_HEADER_LINES:]
        corners = [line.split()[:2] for line in lines if line.strip()]
        found = np.array(corners, np.float64).reshape(-1, 2).astype(np.int64)
    except (OSError, ValueError) as error:
        raise InputError(
            f'{path}: cannot be read as a boundary ({error}); expected two lines of header, then '
            'column and row of a corner a line'
        ) from error
    if len(found) < 3:
        raise InputError(f'{path}: has {len(found)} corners; a boundary has three at least')
    return found


def _check_boundary(path: Path, shape: tuple[int, int]) -> None:
    corners = read_boundary(path)
    if corners.min() < 0 or (corners > np.array(shape[::-1])).any():
        raise InputError(
            f'{path}: reaches to column {corners[:, 0].max()} and row {corners[:, 1].max()}; the '
            f'picture has {shape[1]} columns and {shape[0]} rows'
        )


def _picture(modality: str, path: Path) -> Picture:
    return Picture(path, tuple(BANDS[modality].values()))


def _told(codes: Mapping[int, int]) -> dict[str, Any]:
    return {'modalities': modalities_of(BANDS), 'pixel': PIXEL, 'codes': dict(codes)}


def _county(image: Path) -> str:
    """Letters that the name begins with."""
    return re.match(r'[A-Za-z]*', image.stem)[0]  # type: ignore[index]  # matches nothing at least
