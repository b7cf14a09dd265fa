"""A trained box detector as the plain function the scene detector calls.

Flow: inference.box_scene (numpy windows) -> [here] -> mmdet model -> boxes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample

from fusionls.errors import InputError
from fusionls.inference.box_scene import Detect
from fusionls.inference.boxes import Detections
from fusionls.inference.model_predictor import window_samples
from fusionls.inference.scene_predictor import Batch
from fusionls.stack.layer_stack import LayerStack


def box_detector(model: Any, stack: LayerStack, *, least_score: float = 0.05) -> Detect:
    """Wrap a detector of mmdet.

    Args:
        model: With our data preprocessor, in evaluation mode; its ``predict`` yields boxes.
        stack: The scene; tells layer order and pixel sizes.
        least_score: Boxes below it are left out, so that a scene does not fill with them.

    Raises:
        InputError: ``least_score`` is no score, or the model finds no boxes.
    """
    if not 0 <= least_score < 1:
        raise InputError(f'least_score must be from 0 up to 1, got {least_score}')
    if not hasattr(model, 'bbox_head') and not hasattr(model, 'roi_head'):
        raise InputError(
            f'{type(model).__name__} finds no boxes; give a config of a detector, such as '
            'configs/yolox'
        )
    if hasattr(model, 'roi_head') and not getattr(model, 'with_rpn', False):
        raise InputError(
            f'{type(model).__name__} judges boxes that were proposed beforehand, and a scene comes '
            'with none; give a detector that proposes its own, such as configs/faster_rcnn'
        )

    @torch.no_grad()
    def detect(batch: Batch) -> list[Detections]:
        windows = window_samples(model, stack, batch)
        given = {'inputs': windows, 'data_samples': [DetDataSample() for _ in windows]}
        ready = model.data_preprocessor(given, False)
        predicted = model.predict(ready['inputs'], ready['data_samples'], rescale=False)
        return [_of(sample.pred_instances, least_score) for sample in predicted]

    return detect


def _of(found: Any, least_score: float) -> Detections:
    """Boxes of landslides (class 0) that are sure enough and have an area."""
    boxes = np.asarray(found.bboxes.cpu(), np.float64).reshape(-1, 4)
    scores = np.asarray(found.scores.cpu(), np.float64)
    chosen = (scores >= least_score) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    return Detections(boxes[chosen], scores[chosen])
