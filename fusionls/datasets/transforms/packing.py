"""Arrays become tensors and the data sample of the task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData
from mmseg.structures import SegDataSample
from scipy import ndimage

from fusionls.datasets.sample import ModalityInput
from fusionls.datasets.tile_dataset import UNLABELLED, TileDataset
from fusionls.geo.raster import any_valid
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
    labels = results['labels']
    seen = any_valid(results['inputs'], labels.shape)
    return np.where(seen, labels, np.uint8(UNLABELLED))


def _meta(results: dict[str, Any]) -> dict[str, Any]:
    window = results['window']
    scene, _ = results['dataset'].scenes[results['scene']]
    shape = results['labels'].shape
    return {
        'scene': scene.name,
        'window': (window.row, window.col, window.height, window.width),
        'img_shape': shape,
        'ori_shape': shape,
    }


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
class PackInstanceTile(BaseTransform):
    """Pack for mmdet: every connected landslide of the tile is an instance of class 0.

    Required Keys: dataset, inputs, labels, layers, scene, window

    Args:
        least_pixels: Smaller pieces (cut by the tile's edge, say) are ignored instances.
    """

    def __init__(self, *, least_pixels: int = 16) -> None:
        self.least_pixels = least_pixels

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack; see the class."""
        labels = _counting_labels(results)
        numbered, count = ndimage.label(labels == 1, structure=np.ones((3, 3)))
        masks, boxes, ignored = [], [], []
        for number, (rows, cols) in enumerate(ndimage.find_objects(numbered), start=1):
            mask = numbered == number
            masks.append(mask)
            boxes.append([cols.start, rows.start, cols.stop, rows.stop])
            ignored.append(int(mask.sum()) < self.least_pixels)
        boxes_ = torch.tensor(boxes, dtype=torch.float32).reshape(count, 4)
        skip = torch.tensor(ignored, dtype=torch.bool)
        stack = np.stack(masks) if masks else np.zeros((0, *labels.shape), bool)
        sample = DetDataSample(metainfo=_meta(results))
        for name, chosen in (('gt_instances', ~skip), ('ignored_instances', skip)):
            instances = InstanceData()
            instances.bboxes = boxes_[chosen]
            instances.labels = torch.zeros(int(chosen.sum()), dtype=torch.long)
            instances.masks = BitmapMasks(stack[chosen.numpy()].astype(np.uint8), *labels.shape)
            setattr(sample, name, instances)
        return {'inputs': _packed_inputs(results), 'data_samples': sample}
