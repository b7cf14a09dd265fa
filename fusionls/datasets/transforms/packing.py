"""Arrays become tensors and the data sample of the task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData
from mmpretrain.structures import DataSample
from mmseg.structures import SegDataSample
from scipy import ndimage

from fusionls.datasets.sample import ModalityInput
from fusionls.datasets.tile_class import LEAST_SHARE, tile_class
from fusionls.datasets.tile_dataset import UNLABELLED, TileDataset
from fusionls.geo.raster import BoolArray, FloatArray, any_valid
from fusionls.registry import TRANSFORMS


def _packed_inputs(results: dict[str, Any]) -> dict[str, ModalityInput]:
    """Tensors of the layers the config asks for, in its order; all-invalid modalities go."""
    dataset: TileDataset = results['dataset']
    packed = {}
    for modality, (values, valid) in results['inputs'].items():
        if not valid.any():
            continue
        have = results['layers'][modality]
        index = [have.index(name) for name in dataset.layers[modality]]
        packed[modality] = (
            torch.from_numpy(np.ascontiguousarray(values[index])),
            torch.from_numpy(np.ascontiguousarray(valid))[None],
        )
    return packed


def _counting_labels(results: dict[str, Any]) -> np.ndarray:
    """Labels with 255 where no present modality is valid: nothing can be said there."""
    labels: np.ndarray = results['labels']
    if results.get('labels_fixed'):
        return labels
    seen = any_valid(results['inputs'], labels.shape)
    return np.where(seen, labels, np.uint8(UNLABELLED))


def _seen_instances(results: dict[str, Any]) -> BoolArray:
    """(K, H, W) landslides of an inventory, as far as what decides sees them."""
    instances: BoolArray = results['instances']
    if results.get('labels_fixed'):
        return instances
    return instances & any_valid(results['inputs'], results['labels'].shape)


def _meta(results: dict[str, Any]) -> dict[str, Any]:
    window = results['window']
    scene, _ = results['dataset'].scenes[results['scene']]
    shape = results['labels'].shape
    return {
        'scene': scene.name,
        'window': (window.row, window.col, window.height, window.width),
        'pixel': scene.grid.pixel,  # metres, for areas
        'img_shape': shape,
        'ori_shape': shape,
    }


@TRANSFORMS.register_module()
class FixLabels(BaseTransform):
    """Decide here which pixels count, before later transforms hide some of what is seen.

    Without it, pixels that no shown modality sees do not count (they are no fault of the model).
    With it, a model is scored on the same pixels whatever it is shown.

    Required Keys: inputs, labels

    Added Keys: labels_fixed

    Modified Keys: labels, instances (where there are some)
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Decide; see the class."""
        results['labels'] = _counting_labels(results)
        if 'instances' in results:
            results['instances'] = _seen_instances(results)
        results['labels_fixed'] = True
        return results


@TRANSFORMS.register_module()
class PackTile(BaseTransform):
    """Pack for mmseg: ``inputs`` and a ``SegDataSample`` with ``gt_sem_seg``.

    Required Keys: dataset, inputs, labels, layers, scene, window
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack; see the class."""
        sample = SegDataSample(metainfo=_meta(results))
        labels = _counting_labels(results).astype(np.int64)
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(labels)[None])
        return {'inputs': _packed_inputs(results), 'data_samples': sample}


@TRANSFORMS.register_module()
class PackClassifiedTile(BaseTransform):
    """Pack for mmpretrain: ``inputs`` and a ``DataSample`` whose ``gt_label`` is 1 or 0.

    A tile of which no pixel counts has class -100: it counts neither in the loss nor in a metric.

    Required Keys: dataset, inputs, labels, layers, scene, window

    Args:
        least_share: A tile is a landslide tile from this share of its labelled pixels on.
    """

    def __init__(self, *, least_share: float = LEAST_SHARE) -> None:
        self.least_share = least_share

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack; see the class."""
        sample = DataSample(metainfo=_meta(results))
        sample.set_gt_label(tile_class(_counting_labels(results), self.least_share))
        return {'inputs': _packed_inputs(results), 'data_samples': sample}


@TRANSFORMS.register_module()
class PackInstanceTile(BaseTransform):
    """Pack for mmdet: boxes and masks of single landslides, class 0.

    They are those the scene knows (``LoadTile(instances=True)`` on an inventory), or else every
    connected landslide of the tile.

    Required Keys: dataset, inputs, labels, layers, scene, window; instances and
    instances_ignored where the scene knows them; proposals where boxes were proposed

    Args:
        least_pixels: Smaller pieces (cut by the tile's edge, say) are ignored instances.
        masks: Whether masks are packed; a detector of boxes needs none.
    """

    def __init__(self, *, least_pixels: int = 16, masks: bool = True) -> None:
        self.least_pixels = least_pixels
        self.masks = masks

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack; see the class."""
        labels = _counting_labels(results)
        if 'instances' in results:
            masks, skip = _seen_instances(results), results['instances_ignored']
            here = masks.any((1, 2))
            masks, skip = masks[here], skip[here]
        else:
            masks = _connected(labels == 1)
            skip = np.zeros(len(masks), bool)
        skip = skip | (masks.sum((1, 2)) < self.least_pixels)
        boxes = _boxes(masks)
        sample = DetDataSample(metainfo=_meta(results))
        for name, chosen in (('gt_instances', ~skip), ('ignored_instances', skip)):
            instances = InstanceData()
            instances.bboxes = torch.from_numpy(boxes[chosen])
            instances.labels = torch.zeros(int(chosen.sum()), dtype=torch.long)
            if self.masks:
                instances.masks = BitmapMasks(masks[chosen].astype(np.uint8), *labels.shape)
            setattr(sample, name, instances)
        if 'proposals' in results:
            sample.proposals = InstanceData(bboxes=torch.from_numpy(results['proposals']))
        # where nobody mapped, a detection is neither right nor wrong; the name is mmdet's
        sample.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(labels.astype(np.int64))[None])
        return {'inputs': _packed_inputs(results), 'data_samples': sample}


def _connected(landslide: BoolArray) -> BoolArray:
    """(K, H, W): each connected piece for itself; pixels that touch at a corner are connected."""
    numbered, count = ndimage.label(landslide, structure=np.ones((3, 3)))
    return np.asarray(numbered[None] == np.arange(1, count + 1)[:, None, None])


def _boxes(masks: BoolArray) -> FloatArray:
    """(K, 4): left, top, right, bottom of masks that each have a pixel; the last two beyond it."""
    sides = []
    for axis in (1, 2):  # what is seen along the other axis: columns, then rows
        line = np.asarray(masks.any(axis))
        sides.append((line.argmax(1), line.shape[1] - line[:, ::-1].argmax(1)))
    (left, right), (top, bottom) = sides
    return np.stack([left, top, right, bottom], 1).astype(np.float32)
