"""A folder of images and one of masks of the same names: PNG, TIFF or GeoTIFF, of any size.

Flow: picture files -> [here] -> datasets.loose_tile_dataset.
For sets that come as pictures and have no adapter of their own, such as the RGB copies of
Landslide4Sense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import BINARY, Finding, modalities_of
from fusionls.datasets.picture_tiles import Picture, picture_tile, tiles_of_folders
from fusionls.datasets.public.card import REAL, DataSetCard
from fusionls.registry import DATASETS

SUFFIXES = ('.png', '.tif', '.tiff', '.jpg', '.jpeg')

CARD = DataSetCard(
    name='picture_folder',
    title='Pictures and masks of your own',
    dataset='PictureFolderDataset',
    about='Images and masks of the same names, for sets without an adapter of their own.',
    layers={'(yours)': {'(yours)': '`bands={modality: {layer: band}}`, from 1'}},
    pixel='`pixel=`, metres',
    size='any, each its own',
    nodata='what the files declare, alpha included, and `nodata=`',
    balance='-',
    splits='None; give `split_file` or `folds`.',
    tree="""<root>/
  images/*.png   masks/*.png""",
    traps='Of masks with several bands the first is read. `codes={0: 0, 255: 1}` for black and '
    'white masks.',
    licence='-',
    citation='-',
    download='-',
    layout_from='-',
    tested_on=f'{REAL} (the RGB copy of Landslide4Sense of patschue/DLBS_landslides)',
)


@DATASETS.register_module()
class PictureFolderDataset(LooseTileDataset):
    """Tiles of two folders.

    Args:
        bands: Band of each layer, from 1: ``{modality: {layer: band}}``. All in one file.
        codes: Label by value of the masks.
        pixel: Side of a pixel, metres.
        nodata: A value that means invalid beside what the files declare.
        images: Folder of the images below the root.
        masks: Folder of the masks below the root.
        prefixes: What the names of an image and of its mask begin with, where they differ:
            ``('image_', 'mask_')``.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(
        self,
        *,
        bands: Mapping[str, Mapping[str, int]],
        codes: Mapping[int, int] = BINARY,
        pixel: float = 1.0,
        nodata: float | None = None,
        images: str = 'images',
        masks: str = 'masks',
        prefixes: Sequence[str] = ('', ''),
        **options: Any,
    ) -> None:
        self.bands = {modality: dict(layers) for modality, layers in bands.items()}
        self.codes = dict(codes)
        self.pixel = pixel
        self.nodata = nodata
        self.images = images
        self.masks = masks
        self.prefixes = tuple(prefixes)
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""

        def make(image: Path, mask: Path) -> Any:
            return picture_tile(
                image.stem,
                {m: Picture(image, tuple(b.values()), self.nodata) for m, b in self.bands.items()},
                mask,
                modalities=modalities_of(self.bands),
                pixel=self.pixel,
                codes=self.codes,
            )

        def key(stem: str) -> str:
            for prefix in self.prefixes:
                stem = stem.removeprefix(prefix)
            return stem

        return tiles_of_folders(root / self.images, root / self.masks, SUFFIXES, make, key)
