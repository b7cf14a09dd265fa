"""Landslide4Sense: Sentinel-2, slope and elevation in HDF5, normalised by the challenge.

Flow: HDF5 files -> [here] -> datasets.loose_tile_dataset.
Source of the layout: see :data:`CARD`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.datasets.hdf5_files import array_in, shape_in
from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import (
    BINARY,
    Finding,
    Inputs,
    Labels,
    LooseTile,
    check_same_shape,
    decoded_labels,
    masked,
    modalities_of,
)
from fusionls.datasets.public.card import REAL, DataSetCard
from fusionls.errors import InputError
from fusionls.registry import DATASETS

_BANDS = (
    *('coastal', 'blue', 'green', 'red', 'rededge1', 'rededge2', 'rededge3', 'nir'),
    *('watervapour', 'cirrus', 'swir1', 'swir2'),
)
PLACES = {
    'optical': {f'optical_{band}_scaled': number for number, band in enumerate(_BANDS)},
    'terrain': {'terrain_slope_scaled': 12, 'terrain_elevation_scaled': 13},
}
"""Place on the last axis of ``img``, from 0, by layer and modality."""
CHANNELS = 14
PIXEL = 10.0
SPLITS = {
    'train': ('TrainData', 'train'),
    'val': ('ValidData', 'validation'),
    'test': ('TestData', 'test'),
}
"""Folder of each split as published, and in the copy on Hugging Face."""

CARD = DataSetCard(
    name='landslide4sense',
    title='Landslide4Sense 2022',
    dataset='Landslide4SenseDataset',
    about='Sentinel-2 (twelve bands), slope and elevation (ALOS PALSAR) of landslides around the '
    'world, 2015 to 2021.',
    layers={
        modality: {name: f'`img`, last axis, {place}' for name, place in layers.items()}
        for modality, layers in PLACES.items()
    },
    pixel='about 10 m',
    size='128 x 128',
    nodata='none declared; slope holds zeros along some edges',
    counts={'train/': 3799, 'val/': 245, 'test/': 800},
    balance='about 2 % of the pixels',
    splits='Published: `train` 3799, `val` 245, `test` 800. Masks of the last two were published '
    'after the challenge; copies without them have `train` alone, of which `folds` makes '
    'validation. Places are not known.',
    tree="""landslide4sense/
  TrainData/img/image_1.h5 ...   TrainData/mask/mask_1.h5 ...
  ValidData/...   TestData/...
or images/{train,validation,test}/image_1.h5 and annotations/{train,validation,test}/mask_1.h5""",
    traps='All bands were scaled by the challenge (means near 1): no reflectance, no degrees, no '
    'metres, so that indices and terrain layers must not be derived; layers are called `_scaled`. '
    'Band 8A is not among them. A lone `img` and `mask` folder is read as `train`.',
    licence='none stated by the challenge; the copy on Hugging Face says MIT',
    citation='Ghorbanzadeh, Xu, Ghamisi, Kopp, Kreil (2022), Landslide4Sense: reference benchmark '
    'data and deep learning models for landslide detection, IEEE TGRS 60',
    download='https://zenodo.org/records/10463239 or '
    'https://huggingface.co/datasets/ibm-nasa-geospatial/Landslide4sense',
    layout_from='README and loader of iarai/Landslide4Sense-2022; card of the copy on Hugging Face',
    tested_on=REAL,
)


@dataclass(frozen=True, kw_only=True)
class Hdf5Tile(LooseTile):
    """A tile of two HDF5 files.

    Attributes:
        image: Holds ``img`` (h, w, 14).
        mask: Holds ``mask`` (h, w); None where nobody published it.
        codes: Label by value of the mask.
    """

    image: Path
    mask: Path | None = None
    codes: Mapping[int, int] = field(default_factory=lambda: BINARY)

    def load(self, modalities: Sequence[str]) -> Inputs:
        """See :class:`LooseTile`."""
        values = np.moveaxis(array_in(self.image, 'img'), -1, 0)
        return {m: masked(values[list(PLACES[m].values())]) for m in modalities}

    def load_labels(self) -> Labels:
        """See :class:`LooseTile`."""
        if self.mask is None:
            raise InputError(f'{self.image}: has no mask')
        return decoded_labels(array_in(self.mask, 'mask'), self.codes, self.mask)


@DATASETS.register_module()
class Landslide4SenseDataset(LooseTileDataset):
    """Tiles of Landslide4Sense.

    Args:
        codes: Label by value of the masks.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(self, *, codes: Mapping[int, int] = BINARY, **options: Any) -> None:
        self.codes = dict(codes)
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        return find_landslide4sense(root, self.codes)


def find_landslide4sense(root: Path, codes: Mapping[int, int] = BINARY) -> Finding:
    """Every tile, of whichever of the trees is there."""
    finding = Finding()
    folders = {
        split: (images, masks)
        for split, names in SPLITS.items()
        for images, masks in _places(root, *names)
        if images.is_dir()
    }
    if not folders and (root / 'img').is_dir():
        folders = {'train': (root / 'img', root / 'mask')}
    if not folders:
        finding.problems.append(f'{root}: holds neither TrainData nor images/train nor img')
    for split, (images, masks) in folders.items():
        if masks.is_dir():
            pairs: list[tuple[Path, Path | None]] = [
                *finding.paired(images, masks, ('.h5',), _number)
            ]
        else:  # as the challenge published validation and test
            pairs = [(image, None) for image in sorted(images.glob('*.h5'))]
        for image, mask in pairs:
            with finding.noting():
                finding.tiles.append(_tile(split, image, mask, codes))
    return finding


def _places(root: Path, published: str, copied: str) -> list[tuple[Path, Path]]:
    return [
        (root / published / 'img', root / published / 'mask'),
        (root / 'images' / copied, root / 'annotations' / copied),
    ]


def _tile(split: str, image: Path, mask: Path | None, codes: Mapping[int, int]) -> Hdf5Tile:
    shapes = {image: shape_in(image, 'img')}
    if shapes[image][2:] != (CHANNELS,):
        raise InputError(f'{image}: img is {shapes[image]}; expected (128, 128, {CHANNELS})')
    shapes[image] = shapes[image][:2]
    if mask is not None:
        shapes[mask] = shape_in(mask, 'mask')
    return Hdf5Tile(
        name=f'{split}/{image.stem}',
        shape=check_same_shape(shapes),
        modalities=modalities_of(PLACES),
        pixel=PIXEL,
        split=split,
        labelled=mask is not None,
        image=image,
        mask=mask,
        codes=dict(codes),
        files=tuple(shapes),
    )


def _number(stem: str) -> str:
    """What ``image_7`` and ``mask_7`` have in common."""
    return stem.rpartition('_')[2]
