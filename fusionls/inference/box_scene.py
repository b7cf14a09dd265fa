"""Find landslides as boxes over a whole scene, window by window.

Flow: stack.layer_stack -> [here, with any detector] -> inference.active_deformation -> GeoPackage.
Held in memory: one batch of windows, and the boxes that were found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.evaluation.functional.coco import Boxes, box_area
from fusionls.geo.raster import BoolArray
from fusionls.geo.window import Window
from fusionls.inference.boxes import Detections, joined
from fusionls.inference.scene_predictor import Batch, checked_modalities, read_batches, stacked
from fusionls.inference.window_plan import plan

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack

Detect = Callable[[Batch], Sequence[Detections]]
"""From a batch, see :data:`Predict`, to the boxes of each window, base pixels of the window."""

EDGE = 1.0
"""A box that comes so near to the edge of its window, base pixels, may go on beyond it."""


def detect_scene(
    stack: LayerStack,
    detect: Detect,
    *,
    window: int = 512,
    overlap: int = 128,
    batch_size: int = 4,
    modalities: Sequence[str] | None = None,
    largest_overlap: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> Detections:
    """Find the landslides of a stack.

    Args:
        stack: The scene.
        detect: The detector. Windows without any valid pixel are never given to it.
        window: Side of a window, base pixels; a multiple of ``stack.coarsest``.
        overlap: Least overlap of neighbours, base pixels. A landslide that is larger may be found
            in pieces.
        batch_size: Windows per call of ``detect``; fewer at the end of a row of windows.
        modalities: Which to read; all of the stack by default.
        largest_overlap: See ``boxes.joined``.
        progress: Called with windows done and windows in all.

    Returns:
        Boxes in base pixels of the scene, the surest first.

    Raises:
        InputError: Window and overlap do not fit the stack, or a batch has no window.
        LayerMissingError: The stack has no such modality.
        NoModalityError: ``modalities`` is empty.
    """
    if batch_size < 1:
        raise InputError(f'a batch needs at least one window, got batch_size={batch_size}')
    names = checked_modalities(stack, modalities)
    windows = plan(stack.grid.shape, window, overlap, stack.coarsest)
    boxes: list[Boxes] = [np.zeros((0, 4))]
    scores: list[NDArray[np.float64]] = [np.zeros(0)]
    cut: list[BoolArray] = [np.zeros(0, bool)]
    done = 0
    for band, _ in windows.bands():
        for batch in read_batches(stack, names, band, batch_size):
            areas = [area for area, _, _ in batch]
            for area, found in zip(areas, detect(stacked(batch)), strict=True):
                shift = np.array([area.col, area.row, area.col, area.row])
                boxes.append(found.boxes + shift)
                scores.append(found.scores)
                cut.append(_cut(found.boxes, area, stack.grid.window))
        done += len(band)
        if progress is not None:
            progress(done, len(windows))
    inside = _inside(np.concatenate(boxes), stack.grid.window)
    real = box_area(inside) > 0  # a window may hang over the edge of the scene
    found = Detections(inside[real], np.concatenate(scores)[real])
    return joined(found, np.concatenate(cut)[real], largest_overlap)


def _cut(boxes: Boxes, area: Window, scene: Window) -> BoolArray:
    """(n,) whether boxes of a window touch an edge of it that is no edge of the scene."""
    inner = np.array(
        [
            area.col > 0,
            area.row > 0,
            area.col + area.width < scene.width,
            area.row + area.height < scene.height,
        ]
    )
    far = np.array([area.width, area.height])
    gaps = np.concatenate([boxes[:, :2], far - boxes[:, 2:]], axis=1)  # left, top, right, bottom
    return np.asarray(((gaps < EDGE) & inner).any(axis=1))


def _inside(boxes: Boxes, scene: Window) -> Boxes:
    """Boxes cut back to the scene."""
    return np.clip(boxes, 0, [scene.width, scene.height, scene.width, scene.height])
