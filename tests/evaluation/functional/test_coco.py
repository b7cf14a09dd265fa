from __future__ import annotations

import contextlib
import io
import math

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fusionls.evaluation.functional.coco import (
    CocoTally,
    box_area,
    box_iou,
    coco_tally,
    mask_iou,
)

SHAPE = (120, 130)
ROWS, COLS = np.indices(SHAPE)


def ellipse(row, col, height, width):
    return ((ROWS - row) / height) ** 2 + ((COLS - col) / width) ** 2 <= 1


def image(seed, true=6, detected=8, crowds=1, equal_scores=False):
    """Masks of true objects, of crowds and of detections, with scores."""
    rng = np.random.default_rng(seed)
    places = rng.uniform([0, 0, 3, 3], [120, 130, 45, 45], (true, 4))
    noise = rng.normal(0, 3, (detected, 4))
    chosen = places[rng.integers(0, max(true, 1), detected)] if true else noise * 5 + 40
    wild = rng.random(detected) < 0.3
    found = np.where(
        wild[:, None], rng.uniform([0, 0, 3, 3], [120, 130, 45, 45], (detected, 4)), chosen + noise
    )
    scores = rng.choice([0.2, 0.5, 0.9], detected) if equal_scores else rng.random(detected)
    return {
        'true': _masks(places),
        'crowd': _masks(rng.uniform([20, 20, 10, 10], [100, 100, 50, 50], (crowds, 4))),
        'detected': _masks(np.maximum(found, 1)),
        'scores': scores,
    }


def _masks(places):
    return np.array([ellipse(*place) for place in places], bool).reshape(-1, *SHAPE)


def boxes_of(masks):
    """Left, top, right, bottom; a mask without a pixel is a box of nothing."""
    boxes = np.zeros((len(masks), 4))
    for box, mask in zip(boxes, masks, strict=True):
        rows, cols = np.nonzero(mask)
        if len(rows):
            box[:] = cols.min(), rows.min(), cols.max() + 1, rows.max() + 1
    return boxes


def by_pycocotools(images, kind):
    annotations, results = [], []
    for number, content in enumerate(images, start=1):
        for name, crowd in (('true', 0), ('crowd', 1)):
            for mask, box in zip(content[name], boxes_of(content[name]), strict=True):
                rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
                left, top, right, bottom = box
                area = coco_mask.area(rle) if kind == 'segm' else (right - left) * (bottom - top)
                annotations.append({
                    'id': len(annotations) + 1, 'image_id': number, 'category_id': 1,
                    'iscrowd': crowd, 'segmentation': rle, 'area': float(area),
                    'bbox': [left, top, right - left, bottom - top],
                })  # fmt: skip
        for mask, box, score in zip(
            content['detected'], boxes_of(content['detected']), content['scores'], strict=True
        ):
            left, top, right, bottom = box
            results.append({
                'image_id': number, 'category_id': 1, 'score': float(score),
                **({'segmentation': coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))}
                   if kind == 'segm' else {'bbox': [left, top, right - left, bottom - top]}),
            })  # fmt: skip
    truth = COCO()
    truth.dataset = {
        'images': [{'id': n + 1, 'height': SHAPE[0], 'width': SHAPE[1]}
                   for n in range(len(images))],
        'categories': [{'id': 1, 'name': 'landslide'}], 'annotations': annotations,
    }  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results) if results else COCO(), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ['', '50', '75', '_small', '_medium', '_large']
    return {
        name: math.nan if value == -1 else value
        for name, value in zip(names, evaluation.stats[:6], strict=True)
    }


def by_us(images, kind):
    whole = CocoTally()
    for content in images:
        true = np.concatenate([content['true'], content['crowd']])
        crowd = np.arange(len(true)) >= len(content['true'])
        if kind == 'segm':
            iou = mask_iou(content['detected'], true, crowd)
            areas, true_areas = (m.sum((1, 2)).astype(float) for m in (content['detected'], true))
        else:
            boxes, true_boxes = boxes_of(content['detected']), boxes_of(true)
            iou = box_iou(boxes, true_boxes, crowd)
            areas, true_areas = box_area(boxes), box_area(true_boxes)
        whole += coco_tally(iou, content['scores'], areas, true_areas, crowd)
    return {name.removeprefix('coco_x_ap'): value for name, value in whole.averages('x').items()}


CASES = {
    'random': [image(seed) for seed in range(12)],
    'no crowds': [image(seed, crowds=0) for seed in range(20, 28)],
    'equal scores': [image(seed, equal_scores=True) for seed in range(30, 38)],
    'many detections': [image(seed, true=3, detected=130) for seed in range(40, 42)],
    'an image without truth, one without detections': [
        image(50), image(51, true=0), image(52, detected=0), image(53, true=0, detected=0),
    ],
    'the same detection twice': [
        {**image(60), 'detected': np.repeat(image(60)['true'], 2, axis=0),
         'scores': np.linspace(0.9, 0.1, 12)},
    ],
    'all landslide': [
        {'true': np.ones((1, *SHAPE), bool), 'crowd': np.zeros((0, *SHAPE), bool),
         'detected': np.ones((1, *SHAPE), bool), 'scores': np.array([0.4])},
    ],
    'one pixel': [
        {'true': (ROWS == 0)[None] & (COLS == 0), 'crowd': np.zeros((0, *SHAPE), bool),
         'detected': (ROWS == 0)[None] & (COLS <= 1), 'scores': np.array([0.4])},
    ],
    'touching objects': [
        {'true': np.array([(ROWS < 40) & (COLS < 40), (ROWS < 40) & (COLS >= 40) & (COLS < 80)]),
         'crowd': np.zeros((0, *SHAPE), bool),
         'detected': np.array([(ROWS < 40) & (COLS < 45), (ROWS < 40) & (COLS < 80),
                               (ROWS < 36) & (COLS >= 40) & (COLS < 80)]),
         'scores': np.array([0.6, 0.9, 0.3])},
    ],
}  # fmt: skip


@pytest.mark.parametrize('kind', ['bbox', 'segm'])
@pytest.mark.parametrize('case', list(CASES))
def test_average_precision_is_that_of_pycocotools(case, kind):
    expected = by_pycocotools(CASES[case], kind)
    found = by_us(CASES[case], kind)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_no_detection_of_what_is_there_is_zero_and_nothing_there_is_no_score():
    missed = by_us([image(1, detected=0, crowds=0)], 'segm')
    assert missed[''] == missed['50'] == 0
    nothing = by_us([image(1, true=0, detected=3, crowds=0)], 'segm')
    assert all(math.isnan(value) for value in nothing.values())
    assert math.isnan(CocoTally().average_precision())


def test_tallies_add_up_in_any_grouping():
    one, two = CASES['random'][:6], CASES['random'][6:]
    forth, back = by_us([*one, *two], 'segm'), by_us([*two, *one], 'segm')
    assert forth == pytest.approx(back, abs=1e-12, nan_ok=True)
