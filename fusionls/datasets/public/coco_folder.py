"""Images with COCO annotations of landslides: polygons or runs, crowd regions do not count.

Flow: pictures, JSON -> datasets.coco -> [here] -> datasets.loose_tile_dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusionls.datasets.coco import ANNOTATIONS, labels_of, objects_of, read_coco
from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import Finding, Labels, cut, modalities_of
from fusionls.datasets.picture_tiles import Picture, PictureTile, picture_shape
from fusionls.datasets.public.card import DataSetCard
from fusionls.errors import InputError, LabelError
from fusionls.geo.raster import BoolArray
from fusionls.geo.window import Window
from fusionls.registry import DATASETS

CARD = DataSetCard(
    name='coco_folder',
    title='Pictures with COCO annotations',
    dataset='CocoFolderDataset',
    about=(
        'What labelling tools write, and what `tools/datasets/export_coco.py` makes of any set: '
        'with `--least-pixels 16` smaller pieces do not count, as for the detectors here.'
    ),
    layers={'(yours)': {'(yours)': '`bands={modality: {layer: band}}`, from 1'}},
    pixel='`pixel=`, metres',
    size='any, each its own',
    nodata='what the files declare, alpha included',
    balance='-',
    splits='One file of annotations a split, `annotations={"train": ..., "val": ...}`; or one for '
    'all with `split_file` or `folds`.',
    tree="""<root>/
  images/*.png (or .tif, .jpg)
  annotations.json, or one file a split""",
    traps='`categories` says which categories are landslides; all by default. Regions with '
    '`iscrowd` 1 do not count. Annotations that name images, or categories, that are not there '
    'are refused, and so are boxes without a segmentation.',
    licence='-',
    citation='Lin et al. (2014), Microsoft COCO: common objects in context, ECCV',
    download='-',
    layout_from='cocodataset.org/#format-data',
    tested_on='written files',
)


@dataclass(frozen=True, kw_only=True)
class CocoTile(PictureTile):
    """A picture with its annotations.

    Attributes:
        annotations: Those of landslides.
    """

    annotations: Sequence[Mapping[str, Any]]

    def load_labels(self) -> Labels:
        """See :class:`LooseTile`."""
        try:
            return labels_of(self.annotations, self.shape)
        except LabelError as error:
            raise LabelError(f'{self.files[0]}: {error}') from error

    def read_instances(self, window: Window) -> tuple[BoolArray, BoolArray]:
        """Each landslide of a window for itself: masks (K, h, w), none of them ignored (K,)."""
        masks, ignored = objects_of(self.annotations, self.shape)
        here = cut(masks, window, False)
        seen = here.any(axis=(1, 2))
        return here[seen], ignored[seen]


@DATASETS.register_module()
class CocoFolderDataset(LooseTileDataset):
    """Tiles with COCO annotations.

    Args:
        bands: Band of each layer, from 1: ``{modality: {layer: band}}``. All in one file.
        annotations: File below the root, or one by split.
        images: Folder below the root that file names are counted from.
        categories: Names of the categories that are landslides; all by default.
        pixel: Side of a pixel, metres.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(
        self,
        *,
        bands: Mapping[str, Mapping[str, int]],
        annotations: str | Mapping[str, str] = ANNOTATIONS,
        images: str = 'images',
        categories: Sequence[str] | None = None,
        pixel: float = 1.0,
        **options: Any,
    ) -> None:
        self.bands = {modality: dict(layers) for modality, layers in bands.items()}
        self.annotations = annotations
        self.images = images
        self.categories = None if categories is None else list(categories)
        self.pixel = pixel
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        finding = Finding()
        files: Mapping[Any, str] = (
            {None: self.annotations} if isinstance(self.annotations, str) else self.annotations
        )
        for split, name in files.items():
            with finding.noting():
                document = read_coco(root / name)
                chosen = self._category_ids(root / name, document)
                by_image: dict[Any, list[Any]] = {image['id']: [] for image in document['images']}
                for entry in document['annotations']:
                    if entry['category_id'] in chosen:
                        by_image[entry['image_id']].append(entry)
                for image in document['images']:
                    with finding.noting():
                        tile = self._tile(root, image, by_image[image['id']], split)
                        finding.tiles.append(tile)
        if not finding.tiles and not finding.problems:
            finding.problems.append(f'{root}: the annotations list no image')
        return finding

    def _tile(
        self,
        root: Path,
        image: Mapping[str, Any],
        entries: Sequence[Mapping[str, Any]],
        split: str | None,
    ) -> CocoTile:
        path = root / self.images / image['file_name']
        pictures = {m: Picture(path, tuple(b.values())) for m, b in self.bands.items()}
        (shape,) = {picture_shape(path, picture.bands) for picture in pictures.values()}
        if shape != (image['height'], image['width']):
            raise InputError(
                f'{path}: is {shape[0]} x {shape[1]}, its annotations are of '
                f'{image["height"]} x {image["width"]}'
            )
        return CocoTile(
            name=Path(image['file_name']).with_suffix('').as_posix(),
            shape=shape,
            modalities=modalities_of(self.bands),
            pixel=self.pixel,
            split=split,
            files=(path,),
            pictures=pictures,
            annotations=tuple(entries),
        )

    def _category_ids(self, path: Path, document: Mapping[str, Any]) -> set[int]:
        by_name = {category['name']: category['id'] for category in document['categories']}
        unknown = sorted(set(self.categories or ()) - set(by_name))
        if unknown:
            raise LabelError(f'{path}: has no category {unknown}; it has {sorted(by_name)}')
        wanted = by_name if self.categories is None else self.categories
        return {by_name[name] for name in wanted}
