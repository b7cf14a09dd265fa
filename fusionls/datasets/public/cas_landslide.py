"""CAS Landslide: 20,865 pictures from satellites and drones, sixteen sub-sets of nine regions.

Flow: TIFF files -> [here] -> datasets.loose_tile_dataset.
Source of the layout: see :data:`CARD`.
Differs: the two parts of Moxi, which lie beside each other, are one region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import BINARY, Finding, modalities_of
from fusionls.datasets.picture_tiles import Picture, joined, picture_tile, tiles_of_folders
from fusionls.datasets.public.card import WRITTEN, DataSetCard
from fusionls.errors import InputError, nearest_names
from fusionls.registry import DATASETS

BANDS = {'optical': {'optical_red': 1, 'optical_green': 2, 'optical_blue': 3}}
SIDE = 512
SUFFIXES = ('.tif', '.tiff')


@dataclass(frozen=True)
class SubSet:
    """A sub-set: one region seen by one sensor.

    Attributes:
        count: Published number of pictures.
        region: What it shows.
        sensor: ``'satellite'`` or ``'uav'``.
        pixel: Metres.
    """

    count: int
    region: str
    sensor: str
    pixel: float


SUBSETS = {
    'palu': SubSet(817, 'Palu', 'satellite', 5),
    'lombok': SubSet(436, 'Lombok', 'satellite', 5),
    'hokkaido iburi-tobu': SubSet(1484, 'Hokkaido', 'satellite', 3),
    'tiburon peninsula (sentinel)': SubSet(606, 'Tiburon', 'satellite', 5),
    'tiburon peninsula (planet)': SubSet(325, 'Tiburon', 'satellite', 4),
    'mengdong township': SubSet(1155, 'Mengdong', 'satellite', 0.5),
    'moxitaidi (sat)': SubSet(652, 'Moxi', 'satellite', 0.6),
    'moxitaidi (uav-0.6m)': SubSet(984, 'Moxi', 'uav', 0.6),
    'moxitaidi (uav-1m)': SubSet(483, 'Moxi', 'uav', 1),
    'moxi town (uav-0.2m)': SubSet(1635, 'Moxi', 'uav', 0.2),
    'moxi town (uav-1m)': SubSet(160, 'Moxi', 'uav', 1),
    'longxi river (sat)': SubSet(1769, 'Longxi', 'satellite', 0.5),
    'longxi river (uav)': SubSet(2504, 'Longxi', 'uav', 0.5),
    'jiuzhai valley (uav-0.2m)': SubSet(5925, 'Jiuzhai', 'uav', 0.2),
    'jiuzhai valley (uav-0.5m)': SubSet(1752, 'Jiuzhai', 'uav', 0.5),
    'wenchuan': SubSet(178, 'Wenchuan', 'satellite', 5),
}
"""By the name of the folder, lower case, brackets as in ASCII."""

CARD = DataSetCard(
    name='cas_landslide',
    title='CAS Landslide Dataset',
    dataset='CasLandslideDataset',
    about='True-colour pictures of nine regions (Indonesia, Japan, Haiti, China) from satellites '
    'and drones, triggered by earthquakes and rain.',
    layers={'optical': {name: f'`img`, band {b}, 8 bit' for name, b in BANDS['optical'].items()}},
    pixel='0.2 to 5 m, by sub-set',
    size='512 x 512',
    nodata='none declared',
    counts={f'{name}/': subset.count for name, subset in SUBSETS.items()},
    balance='nowhere stated; `tools/datasets/prepare.py cas_landslide` counts it',
    splits='None published. `held_out` leaves whole regions out: '
    + ', '.join(sorted({subset.region for subset in SUBSETS.values()}))
    + '. Tiles of one region come from one mosaic, so `folds` leaks.',
    tree="""cas_landslide/
  palu/img/*.tif   mask/*.tif   label/*.tif (a picture of the mask; not read)
  Moxitaidi (UAV-0.6m)/img/...   one folder a sub-set, sixteen in all""",
    traps='Folders are unpacked once or twice deep, with ASCII or full-width brackets; masks may '
    'end in `_mask`. Pixels differ by a factor of 25: train on `sensor="uav"` or `"satellite"`, or '
    'say so.',
    licence='CC BY-NC 4.0; the sources of single sub-sets have terms of their own',
    citation='Xu, Ouyang, Xu, Wang, Zhao, Luo (2024), CAS Landslide Dataset: a large-scale and '
    'multisensor dataset for deep learning-based landslide detection, Sci. Data 11, 12, '
    'doi 10.1038/s41597-023-02847-z',
    download='https://zenodo.org/records/10294997',
    layout_from='README of HydroPML/Dataset4LandslideNets (img, label and mask; 1 is a landslide) '
    'and of the record on Zenodo (numbers, pixels, sensors)',
    tested_on=WRITTEN,
)


@DATASETS.register_module()
class CasLandslideDataset(LooseTileDataset):
    """Tiles of the CAS Landslide Dataset.

    Args:
        sensor: ``'satellite'``, ``'uav'`` or ``'all'``.
        codes: Label by value of the masks.
        **options: Those of ``LooseTileDataset``.

    Raises:
        InputError: ``sensor`` is none of them.
    """

    def __init__(
        self, *, sensor: str = 'all', codes: Mapping[int, int] = BINARY, **options: Any
    ) -> None:
        kinds = ['all', *sorted({subset.sensor for subset in SUBSETS.values()})]
        if sensor not in kinds:
            raise InputError(f'sensor {sensor!r}: {nearest_names(sensor, kinds)}')
        self.sensor = sensor
        self.codes = dict(codes)
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        return find_cas(root, self.sensor, self.codes)


def find_cas(root: Path, sensor: str = 'all', codes: Mapping[int, int] = BINARY) -> Finding:
    """Every tile of the sub-sets of a sensor that are there."""
    findings = []
    strangers = Finding()
    for folder in _subset_folders(root):
        name = _plain(folder.name)
        if name not in SUBSETS:
            strangers.problems.append(
                f'{folder}: is none of the sub-sets; {nearest_names(name, SUBSETS)}'
            )
        elif sensor in ('all', SUBSETS[name].sensor):
            findings.append(_find_subset(folder, name, codes))
    if not findings and not strangers.problems:
        strangers.problems.append(f'{root}: holds no folder with img and mask of {sensor}')
    return joined([*findings, strangers])


def _find_subset(folder: Path, name: str, codes: Mapping[int, int]) -> Finding:
    subset = SUBSETS[name]

    def make(image: Path, mask: Path) -> Any:
        tile = picture_tile(
            f'{name}/{image.stem}',
            {'optical': Picture(image, tuple(BANDS['optical'].values()))},
            mask,
            modalities=modalities_of(BANDS),
            pixel=subset.pixel,
            group=subset.region,
            codes=dict(codes),
        )
        if tile.shape != (SIDE, SIDE):
            raise InputError(f'{image}: is {tile.shape}; expected {SIDE} x {SIDE}')
        return tile

    return tiles_of_folders(folder / 'img', folder / 'mask', SUFFIXES, make, _stem)


def _subset_folders(root: Path) -> Iterator[Path]:
    """Folders with ``img`` or ``mask``, one or two levels down; what lacks one is told later."""
    for folder in sorted([*root.glob('*/'), *root.glob('*/*/')]):
        if (folder / 'img').is_dir() or (folder / 'mask').is_dir():
            yield folder


def _plain(name: str) -> str:
    """The name of a sub-set without what differs between copies."""
    plain = name.strip().lower().replace('\uff08', '(').replace('\uff09', ')')  # full width
    return ' ('.join(part.strip() for part in plain.split('('))


def _stem(stem: str) -> str:
    """What picture and mask have in common."""
    return stem.lower().removesuffix('_mask').removesuffix('-mask')
