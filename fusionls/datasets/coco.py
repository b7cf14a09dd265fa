"""COCO annotations of landslides, in and out: pixels that count, objects, and what is ignored.

Flow: JSON -> [here] -> datasets.public.coco_folder; any tile data set -> [here] -> JSON, pictures.
Source: the data format of COCO (Lin et al. 2014, "Microsoft COCO: common objects in context",
and cocodataset.org/#format-data); polygons and runs are decoded by pycocotools, as everybody's.
Differs: pixels that do not count go out as one crowd region an image (``iscrowd`` 1), which COCO
leaves out of account, and come in from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as runs
from scipy import ndimage

from fusionls.datasets.loose_tiles import Inputs, Labels
from fusionls.datasets.tile_dataset import UNLABELLED, TileDataset
from fusionls.errors import FileMissingError, InputError, LabelError, raise_together
from fusionls.geo.raster import BoolArray, any_valid
from fusionls.geo.raster_io import write_geotiff, written_whole

CATEGORY = {'id': 1, 'name': 'landslide', 'supercategory': 'landslide'}
ANNOTATIONS = 'annotations.json'


def read_coco(path: Path) -> dict[str, Any]:
    """A COCO document, looked through.

    Returns:
        The document, whose annotations all name an image and a category that it lists.

    Raises:
        FileMissingError: There is no such file.
        LabelError: It is no COCO document, or parts of it do not fit; all are named.
    """
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        document = json.loads(path.read_text(encoding='utf-8'))
        images = {image['id'] for image in document['images'] if image['file_name']}
        categories = {category['id'] for category in document['categories']}
        problems = [
            f'{path}: annotation {entry["id"]} is of image {entry["image_id"]}, which is not listed'
            for entry in document['annotations']
            if entry['image_id'] not in images
        ]
        problems += [
            f'{path}: annotation {entry["id"]} is of category {entry["category_id"]}, which is '
            f'none of {sorted(categories)}'
            for entry in document['annotations']
            if entry['category_id'] not in categories
        ]
        problems += [
            f'{path}: annotation {entry["id"]} has no segmentation; a box says nothing of pixels'
            for entry in document['annotations']
            if not entry.get('segmentation')
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise LabelError(
            f'{path}: is no COCO document ({error!r}); expected images, annotations and categories'
        ) from error
    if len(images) < len(document['images']):
        problems.append(f'{path}: several images have one id')
    raise_together(LabelError, 'annotations do not fit', problems)
    return dict(document)


def drawn(segmentation: Any, shape: tuple[int, int]) -> BoolArray:
    """Pixels of an annotation, (rows, cols).

    Args:
        segmentation: Polygons, or runs with ``counts`` and ``size``.
        shape: Rows and columns of the image.

    Raises:
        LabelError: It is neither, or of another size.
    """
    try:
        if isinstance(segmentation, Mapping):
            coded = dict(segmentation)
            if tuple(coded['size']) != shape:
                raise LabelError(f'segmentation is {tuple(coded["size"])}, the image is {shape}')
            lengths = coded['counts']
            if isinstance(lengths, str):
                lengths = run_lengths(lengths)
            # pycocotools leaves the pixels behind too short runs as they were in memory
            if sum(lengths) != shape[0] * shape[1] or min(lengths) < 0:
                raise LabelError('the runs of a segmentation do not fill the image')
            coded = runs.frPyObjects({**coded, 'counts': lengths}, *shape)
        else:
            for corners in segmentation:  # four numbers would be taken for a box
                if len(corners) < 6 or len(corners) % 2 or not np.isfinite(corners).all():
                    raise LabelError(f'{len(corners)} numbers are no polygon')
            coded = runs.merge(runs.frPyObjects([list(c) for c in segmentation], *shape))
        return np.asarray(runs.decode(coded), bool)
    except LabelError:
        raise
    except Exception as error:  # pycocotools has no error of its own
        raise LabelError(f'segmentation cannot be drawn ({error!r})') from error


def run_lengths(text: str) -> list[int]:
    """Runs of a mask in COCO's text form: five bits a character, from the third on differences.

    Source: the C code of the COCO interface, ``rleFrString``, whose format this follows.

    Raises:
        ValueError: A character is none of the form, or the last number is not complete.
    """
    lengths: list[int] = []
    number = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f'character {character!r} stands in no run')
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:  # more of this number follows
            continue
        if bits & 16:  # the sign
            number -= 1 << shift
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
        number = shift = 0
    if shift:
        raise ValueError('the last run is not complete')
    return lengths


def labels_of(annotations: Sequence[Mapping[str, Any]], shape: tuple[int, int]) -> Labels:
    """Labels of an image: 255 in crowd regions, 1 in the others, 0 elsewhere; 1 wins."""
    labels = np.zeros(shape, np.uint8)
    for crowd, label in ((1, UNLABELLED), (0, 1)):
        for entry in annotations:
            if int(entry.get('iscrowd', 0)) == crowd:
                labels[drawn(entry['segmentation'], shape)] = label
    return labels


def objects_of(
    annotations: Sequence[Mapping[str, Any]], shape: tuple[int, int]
) -> tuple[BoolArray, BoolArray]:
    """Each landslide for itself: masks (K, rows, cols), and whether it is ignored (K,), none is."""
    alone = [entry for entry in annotations if not int(entry.get('iscrowd', 0))]
    masks = [drawn(entry['segmentation'], shape) for entry in alone]
    return np.asarray(masks, bool).reshape(-1, *shape), np.zeros(len(masks), bool)


def coco_document(
    dataset: TileDataset, names: Sequence[str], *, least_pixels: int = 1
) -> dict[str, Any]:
    """Annotations of all tiles of a data set, as runs.

    Objects are the single landslides where the data set knows them, connected pixels elsewhere.

    Args:
        dataset: Any, with labels.
        names: File names of the tiles, in their order.
        least_pixels: Smaller pieces do not count; 16 are what our detectors are trained with.
    """
    document: dict[str, Any] = {'images': [], 'annotations': [], 'categories': [CATEGORY]}
    for number, name in enumerate(names):
        inputs, labels = _tile(dataset, number)
        rows, cols = labels.shape
        document['images'].append({'id': number, 'file_name': name, 'height': rows, 'width': cols})
        seen = any_valid(inputs, labels.shape) & (labels != UNLABELLED)
        for mask, crowd in _objects(dataset, number, labels, seen, least_pixels):
            coded = runs.encode(np.asfortranarray(mask, np.uint8))
            entry = {
                'id': len(document['annotations']) + 1,  # pycocotools takes 0 for no match
                'image_id': number,
                'category_id': CATEGORY['id'],
                'iscrowd': crowd,
                'area': int(mask.sum()),
                'bbox': [float(value) for value in runs.toBbox(coded)],
                'segmentation': {'size': [rows, cols], 'counts': coded['counts'].decode('ascii')},
            }
            document['annotations'].append(entry)
    return document


def write_coco(dataset: TileDataset, out: str | Path, *, least_pixels: int = 1) -> Path:
    """Write a data set for any program that reads COCO: ``images/*.tif`` and annotations.json.

    Pictures hold all layers that the data set is asked for, float32, NaN where invalid.

    Args:
        dataset: Whose modalities have one pixel size.
        out: Folder.
        least_pixels: See ``coco_document``.

    Returns:
        The file of annotations.

    Raises:
        InputError: Modalities have pixels of several sizes, or the folder holds annotations.
        OutputError: Writing failed.
    """
    out = Path(out)
    if (out / ANNOTATIONS).exists():
        raise InputError(f'{out / ANNOTATIONS}: is there already; name a new folder')
    names = []
    for number in range(len(dataset)):
        info = dataset.get_data_info(number)
        scene, _ = dataset.scenes[info['scene']]
        window = info['window']
        inputs, labels = _tile(dataset, number)
        layers = [name for m in dataset.layers for name in dataset.layers[m]]
        planes = []
        for modality, wanted in dataset.layers.items():
            if scene.modalities[modality].factor != 1:
                raise InputError(
                    f'{scene.name}: pixels of {modality} are larger than those of the labels; one '
                    'picture cannot hold both'
                )
            have = list(scene.modalities[modality].layers)
            values, valid = inputs.get(modality) or (
                np.zeros((len(have), *labels.shape), np.float32),
                np.zeros(labels.shape, bool),
            )
            chosen = values[[have.index(name) for name in wanted]]
            planes.append(np.where(valid, chosen, np.float32(np.nan)))
        stem = f'{scene.name}_{window.row}_{window.col}'.replace('/', '_').replace(' ', '_')
        names.append(f'{stem}.tif')
        grid = scene.grid.part(window)
        write_geotiff(out / 'images' / names[-1], grid, layers, np.concatenate(planes))
    document = coco_document(dataset, names, least_pixels=least_pixels)
    with written_whole(out / ANNOTATIONS) as beside:
        beside.write_text(json.dumps(document), encoding='utf-8')
    return out / ANNOTATIONS


def _tile(dataset: TileDataset, number: int) -> tuple[Inputs, Labels]:
    info = dataset.get_data_info(number)
    return dataset.read_tile(info['scene'], info['window'])


def _objects(
    dataset: TileDataset,
    number: int,
    labels: NDArray[np.uint8],
    seen: BoolArray,
    least_pixels: int,
) -> Iterator[tuple[BoolArray, int]]:
    """Masks of a tile with their ``iscrowd``: landslides, and last what does not count."""
    info = dataset.get_data_info(number)
    single = dataset.read_instances(info['scene'], info['window'])
    if single is None:
        numbered, count = ndimage.label((labels == 1) & seen, structure=np.ones((3, 3)))
        masks = np.arange(1, count + 1)[:, None, None] == numbered
        ignored = np.zeros(count, bool)
    else:
        masks, ignored = single
    masks = masks & seen
    ignored = ignored | (masks.sum((1, 2)) < least_pixels)
    for mask in masks[~ignored]:
        yield mask, 0
    silent = masks[ignored].any(0) | ~seen
    if silent.any():
        yield silent, 1
