"""Landslide metrics of instance predictions in the mmengine loop, COCO AP among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.evaluation.functional.coco import (
    CocoTally,
    box_area,
    box_iou,
    coco_tally,
    mask_iou,
    shares_in,
)
from fusionls.evaluation.functional.confusion import UNMAPPED
from fusionls.evaluation.functional.map_sums import MapSums, map_sums, matched_sums
from fusionls.evaluation.metrics.streaming import StreamingMetric, pixel_area
from fusionls.evaluation.tally import Tally
from fusionls.geo.raster import BoolArray
from fusionls.registry import METRICS


@METRICS.register_module()
class LandslideInstanceMetric(StreamingMetric):
    """Scores of predicted instances: matched one to one, COCO AP, and as a map of pixels.

    Pixels that nobody mapped (label 255 in ``gt_sem_seg``, where the sample has it) never count:
    detections are cut back to mapped ground, and for COCO AP, which has no such cut, unmapped
    ground and ignored instances are crowds, where a detection is neither right nor wrong. AP of
    boxes by area goes by areas of boxes, as mmdet's ``CocoMetric`` without a file of annotations
    does; files of COCO carry areas of masks, which are smaller.

    Args:
        least_score: Predictions with a lower score are left out, except for COCO AP.
        least_pixels: Predictions of fewer pixels are left out, as such truths are. One of which
            surer ones leave less than that is no object of the map, and counts as a wrong one.
        **options: Those of :class:`StreamingMetric`.
    """

    def __init__(self, *, least_score: float = 0.5, least_pixels: int = 16, **options: Any) -> None:
        super().__init__(least_pixels=least_pixels, **options)
        self.least_score = least_score

    def tally(self, sample: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tally:
        """Match one tile; truth was padded for the batch, predictions were cut back."""
        predicted = sample['pred_instances']
        masks = predicted['masks'].cpu().numpy().astype(bool)  # (n, H, W)
        scores = predicted['scores'].cpu().numpy()
        shape = tuple(sample['ori_shape'])
        true = _masks(sample, 'gt_instances', shape)
        truth = instance_labels(sample)
        counted = truth != UNMAPPED
        seen = masks & counted
        chosen = (scores >= self.least_score) & (
            seen.sum((1, 2)) >= self.rules.least_pixels  # (n,), also where n is 0
        )
        order = np.argsort(scores[chosen], kind='stable')  # the surest is painted last
        found = painted(seen[chosen][order], shape)
        labels = {
            'predicted': without_rests(found, self.rules.least_pixels),
            'true': painted(true & counted, shape),
        }
        hidden = np.count_nonzero(chosen) - np.count_nonzero(np.unique(labels['predicted']))
        sums = map_sums(
            truth,
            predicted=found > 0,
            rules=self.rules,
            pixel_area=pixel_area(sample),
        ).sums
        matched, areas = matched_sums(labels, self.rules, pixel_area(sample))
        for name in ('objects', 'centroids'):
            matched[name][1] += hidden  # what a surer one covers was found twice, once wrongly
        coco = self._coco(sample, masks, scores, true, ~counted)
        return Tally.of_tile(self.block_of(sample), MapSums({**sums, **matched}, areas), coco)

    def _coco(
        self,
        sample: Mapping[str, Any],
        masks: BoolArray,
        scores: NDArray[np.floating],
        true: BoolArray,
        unmapped: BoolArray,
    ) -> dict[str, CocoTally]:
        """Matches of boxes and masks; ignored instances and unmapped ground are crowds."""
        crowds = _masks(sample, 'ignored_instances', unmapped.shape)
        if unmapped.any():
            crowds = np.concatenate([crowds, unmapped[None]])
        everything = np.concatenate([true, crowds])
        crowd = np.arange(len(everything)) >= len(true)
        true_areas = everything.sum((1, 2)).astype(np.float64)
        areas = masks.sum((1, 2)).astype(np.float64)
        tallies = {
            'mask': coco_tally(mask_iou(masks, everything, crowd), scores, areas, true_areas, crowd)
        }
        if 'bboxes' in sample['pred_instances'] and 'bboxes' in sample['gt_instances']:
            detected, boxes = (
                np.asarray(sample[name]['bboxes'].cpu(), np.float64).reshape(-1, 4)
                for name in ('pred_instances', 'gt_instances')
            )
            # crowds have the shape of ground, not of boxes: the share is taken of the ground
            iou = np.concatenate(
                [
                    box_iou(detected, boxes, np.zeros(len(boxes), bool)),
                    shares_in(detected, crowds),
                ],
                axis=1,
            )
            box_areas = np.concatenate([box_area(boxes), true_areas[len(true) :]])
            tallies['box'] = coco_tally(iou, scores, box_area(detected), box_areas, crowd)
        return tallies


def instance_labels(sample: Mapping[str, Any]) -> NDArray[np.uint8]:
    """(H, W) labels of a sample with instances; all ground is mapped where it does not say."""
    rows, cols = sample['ori_shape']
    if 'gt_sem_seg' in sample:
        given = sample['gt_sem_seg']['sem_seg'][0, :rows, :cols].cpu().numpy()
        return np.asarray(given, np.uint8)
    covered = _masks(sample, 'gt_instances', (rows, cols)).any(axis=0)
    return np.asarray(covered, np.uint8)


def painted(masks: BoolArray, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """(H, W) labels 1, 2, ... of masks (n, H, W), later ones over earlier ones."""
    labels = np.zeros(shape, np.int32)
    for number, mask in enumerate(masks, start=1):
        labels[mask] = number
    return labels


def without_rests(labels: NDArray[np.int32], least_pixels: int) -> NDArray[np.int32]:
    """Labels without those of which fewer pixels are left to see."""
    counts = np.bincount(labels.ravel())
    return np.where(counts[labels] >= least_pixels, labels, 0).astype(np.int32)


def _masks(sample: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> BoolArray:
    """(n, H, W) of true or ignored instances, cut back to the tile."""
    if name not in sample or 'masks' not in sample[name]:
        return np.zeros((0, *shape), bool)
    return np.asarray(sample[name]['masks'].masks, bool)[:, : shape[0], : shape[1]]
