"""How many landslides the proposed boxes meet: the ceiling of detectors that are given theirs.

Share of the landslides of training tiles (Mars, part landslide, spread evenly) that some box meets
at an IoU, by what one grouping of all layers proposes and by what ProposeBoxes does; and the cost.

Run: OMP_NUM_THREADS=1 python benchmarks/proposals.py [--tiles 60]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.config import load_config
from fusionls.console import run_tool
from fusionls.datasets.transforms import ProposeBoxes
from fusionls.evaluation.functional.coco import box_iou
from fusionls.testing.config_parts import tiles_to_learn

CONFIGS = Path(__file__).parents[1] / 'configs' / 'fast_rcnn'
NAME = 'fast_rcnn_resnet50_{}_1xb8_6e_mars_t128.py'
IOUS = (0.5, 0.7, 0.8)
MOSTS = (250, 500, 1000)
"""Boxes at most; the default of ProposeBoxes is the first."""


def main() -> int:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--tiles', type=int, default=60)
    count = parser.parse_args().tiles
    print('| layers | groupings | boxes at most | boxes | landslides | ', end='')
    print(' | '.join(f'IoU {iou}' for iou in IOUS), '| CPU s a tile |')
    print('| --- | --- ' + '| ---: ' * (4 + len(IOUS)) + '|')
    for layers in ('opttertherm', 'opt'):
        config = load_config(CONFIGS / NAME.format(layers))
        tiles = [_tile(data) for data in tiles_to_learn(config, count, 128)]
        for together in (True, False) if len(config.layers) > 1 else (True,):
            for most in MOSTS:
                print(_row(tiles, layers, together, most), flush=True)
    return 0


def _tile(data: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
    """Inputs of a tile, and the boxes (K, 4) of its landslides."""
    inputs = {
        name: (values.numpy(), seen.numpy().astype(bool).reshape(seen.shape[-2:]))
        for name, (values, seen) in data['inputs'].items()
    }
    return inputs, data['data_samples'].gt_instances.bboxes.double().numpy()


def _row(tiles: list[Any], layers: str, together: bool, most: int) -> str:
    counts, best, started = [], [], time.process_time()
    for inputs, landslides in tiles:
        boxes = _proposed(inputs, together, most)
        counts.append(len(boxes))
        best.append(box_iou(boxes, landslides, np.zeros(len(landslides), bool)).max(0, initial=0))
    met = np.concatenate(best)
    seconds = (time.process_time() - started) / len(tiles)
    shares = ' | '.join(f'{np.mean(met >= iou):.2f}' for iou in IOUS)
    groupings = 'one, of all layers' if together else 'that and one of each modality'
    return (
        f'| {layers} | {groupings} | {most} | {np.mean(counts):.0f} | {len(met)} '
        f'| {shares} | {seconds:.2f} |'
    )


def _proposed(inputs: dict[str, Any], together: bool, most: int) -> np.ndarray:
    """Boxes (n, 4) of a tile; ``together`` as though all layers were of one modality."""
    if together:
        values, seen = zip(*inputs.values(), strict=True)
        inputs = {'all': (np.concatenate(values), np.all(seen, axis=0))}
    rows = next(iter(inputs.values()))[1].shape[0]
    results = {'inputs': inputs, 'labels': np.zeros((rows, rows), np.uint8)}
    return np.asarray(ProposeBoxes(most=most).transform(results)['proposals'], float)


if __name__ == '__main__':
    sys.exit(run_tool(main))
