"""HR-GLDD: landslides of ten events in PlanetScope pictures, as arrays of numpy.

Flow: npy files -> [here] -> datasets.loose_tile_dataset.
Source of the layout: see :data:`CARD`.
Differs: arrays are opened as plain numbers only; an array of Python objects needs pickle, which
may run code, and is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import (
    BINARY,
    Finding,
    Inputs,
    Labels,
    LooseTile,
    TileModality,
    decoded_labels,
    masked,
)
from fusionls.datasets.public.card import WRITTEN, DataSetCard
from fusionls.errors import InputError, nearest_names
from fusionls.registry import DATASETS

SIDE = 128
PIXEL = 3.0
ORDERS = {
    'rgbn': ('red', 'green', 'blue', 'nir'),
    'bgrn': ('blue', 'green', 'red', 'nir'),
}
"""What the last axis of the arrays may hold; see :func:`likely_order`."""
SPLITS = ('train', 'val', 'test')
_SAMPLE = 256  # tiles that the order of bands is judged by

CARD = DataSetCard(
    name='hr_gldd',
    title='HR-GLDD: high-resolution global landslide detector database',
    dataset='HrGlddDataset',
    about='PlanetScope pictures of ten events in Asia and the Americas, five triggered by rain and '
    'five by earthquakes, in tiles with masks.',
    layers={
        'optical': {
            f'optical_{band}_scaled': f'last axis, {index} (order `rgbn`)'
            for index, band in enumerate(ORDERS['rgbn'])
        }
    },
    pixel='3 m',
    size='128 x 128',
    nodata='NaN',
    balance='nowhere stated; `tools/datasets/prepare.py hr_gldd` counts it',
    splits='Published: `train`, `val`, `test`. Tiles carry neither place nor event, so that no '
    'other split but single tiles (`folds`) can be made.',
    tree="""hr_gldd/
  trainX.npy (N, 128, 128, 4)   trainY.npy (N, 128, 128, 1)
  valX.npy   valY.npy   testX.npy   testY.npy""",
    traps='Nobody states the order of the bands with authority: 1 is green and 3 near infrared, '
    'but 0 and 2 are red and blue (as the notebook of the authors shows them) or blue and red (as '
    'PlanetScope delivers them). `order` sets it, and a check by the contrast of landslides warns '
    'where the numbers say otherwise. The scale of the numbers is not stated either.',
    licence='see the record on Zenodo',
    citation='Meena, Nava, Bhuyan, Puliero, Soares, Dias, Floris, Catani (2023), HR-GLDD, Earth '
    'Syst. Sci. Data 15, 3283, doi 10.5194/essd-15-3283-2023',
    download='https://zenodo.org/records/7189381',
    layout_from='The notebook of the authors (kushanavbhuyan/'
    'HR-GLDD-A-Global-Landslide-Mapping-Data-Repository, Codes/Unet_v1.ipynb)',
    tested_on=WRITTEN,
)


@dataclass(frozen=True, kw_only=True)
class ArrayTile(LooseTile):
    """One entry of an array of images and one of masks.

    Attributes:
        images: (N, h, w, C).
        masks: (N, h, w) or (N, h, w, 1).
        number: Of the entry.
        codes: Label by value of the mask.
    """

    images: Path
    masks: Path
    number: int
    codes: Mapping[int, int] = field(default_factory=lambda: BINARY)

    def load(self, modalities: Sequence[str]) -> Inputs:
        """See :class:`LooseTile`."""
        values = np.moveaxis(np.asarray(open_array(self.images)[self.number], np.float32), -1, 0)
        return {m: masked(values) for m in modalities}

    def load_labels(self) -> Labels:
        """See :class:`LooseTile`."""
        mask = np.asarray(open_array(self.masks)[self.number]).reshape(self.shape)
        return decoded_labels(mask, self.codes, f'{self.masks} [{self.number}]')


@DATASETS.register_module()
class HrGlddDataset(LooseTileDataset):
    """Tiles of HR-GLDD.

    Args:
        order: ``'rgbn'`` or ``'bgrn'``: what the last axis holds.
        codes: Label by value of the masks.
        **options: Those of ``LooseTileDataset``.

    Raises:
        InputError: ``order`` is none of them.
    """

    def __init__(
        self, *, order: str = 'rgbn', codes: Mapping[int, int] = BINARY, **options: Any
    ) -> None:
        if order not in ORDERS:
            raise InputError(f'order {order!r}: {nearest_names(order, ORDERS)}')
        self.order = order
        self.codes = dict(codes)
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        return find_hr_gldd(root, self.order, self.codes)


def find_hr_gldd(root: Path, order: str = 'rgbn', codes: Mapping[int, int] = BINARY) -> Finding:
    """Every entry of the arrays."""
    finding = Finding()
    modalities = {'optical': TileModality(tuple(f'optical_{b}_scaled' for b in ORDERS[order]))}
    for split in SPLITS:
        images, masks = root / f'{split}X.npy', root / f'{split}Y.npy'
        shapes: list[tuple[int, ...]] = []
        for path in (images, masks):
            with finding.noting():
                shapes.append(open_array(path).shape)
        if len(shapes) < 2:
            continue
        count = shapes[0][0]
        expected = ((count, SIDE, SIDE, len(ORDERS[order])), (count, SIDE, SIDE))
        if shapes[0] != expected[0] or shapes[1] not in (expected[1], (*expected[1], 1)):
            finding.problems.append(
                f'{images} is {shapes[0]}, {masks} is {shapes[1]}; expected (N, {SIDE}, {SIDE}, '
                f'{len(ORDERS[order])}) and (N, {SIDE}, {SIDE}, 1) with one N'
            )
            continue
        finding.tiles += [
            ArrayTile(
                name=f'{split}/{number:04d}',
                shape=(SIDE, SIDE),
                modalities=modalities,
                pixel=PIXEL,
                split=split,
                images=images,
                masks=masks,
                number=number,
                codes=dict(codes),
                files=(images, masks),
            )
            for number in range(count)
        ]
        likely, contrasts = likely_order(images, masks)
        if likely not in (order, None):
            finding.doubts.append(
                f'{images}: the bands look like {likely}, not {order}: landslides are '
                f'{contrasts[0]:.3g} times as bright as their surroundings in band 0 and '
                f'{contrasts[2]:.3g} times in band 2, and bare ground stands out more in red than '
                'in blue'
            )
    return finding


@functools.lru_cache(maxsize=32)
def open_array(path: Path) -> NDArray[Any]:
    """An array on the disk, read where it is indexed; opened once a process.

    Raises:
        InputError: There is no such file, it is damaged, or it holds Python objects.
    """
    try:
        found: NDArray[Any] = np.load(path, mmap_mode='r', allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError(f'{path}: no such file') from error
    except (OSError, ValueError, EOFError) as error:
        if 'object' in str(error).lower():
            raise InputError(
                f'{path}: holds Python objects, which only pickle can read, and pickle may run '
                'code; refused. Save plain numbers: numpy.save(path, array.astype("float32"))'
            ) from error
        raise InputError(
            f'{path}: cannot be read as an array ({error}); the file is damaged or incomplete. '
            'Fetch it again.'
        ) from error
    if not isinstance(found, np.ndarray) or found.ndim < 3 or found.dtype.kind not in 'biuf':
        raise InputError(f'{path}: is no array of pictures in numbers')
    return found


def likely_order(images: Path, masks: Path) -> tuple[str | None, NDArray[np.float64]]:
    """Which order of bands the pictures speak for, by the contrast of landslides.

    Vegetation is dark in red and hardly less so in blue, bare ground is much brighter in red than
    in blue. So a landslide in vegetation is brighter than its surroundings by a larger factor in
    red. Factors do not depend on the scale of a band.

    Returns:
        ``'rgbn'`` or ``'bgrn'``, None where the factors differ by less than 2 %, and mean of
        landslide pixels over mean of the others by band.
    """
    pictures, drawn = open_array(images), open_array(masks)
    step = max(1, len(pictures) // _SAMPLE)
    values = np.asarray(pictures[::step], np.float64).reshape(-1, pictures.shape[-1])
    slide = np.asarray(drawn[::step]).reshape(-1) == 1
    if not slide.any() or slide.all():
        return None, np.ones(values.shape[1])
    contrasts = np.nanmean(values[slide], axis=0) / np.nanmean(values[~slide], axis=0)
    first, second = contrasts[0], contrasts[2]
    if not np.isfinite(contrasts).all() or abs(first - second) < 0.02 * max(first, second):
        return None, contrasts
    return ('rgbn' if first > second else 'bgrn'), contrasts
