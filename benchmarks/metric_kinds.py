"""How far apart pooled, macro and per-image F1 of one and the same prediction are.

The predictor is simple and honest: gradient boosted trees on the bands of a pixel and their mean
and spread around it, fitted on other tiles (two folds; of three tiles, the other two), its
threshold chosen on the tiles it was fitted on. Beside it stands a map without any landslide.
The question is not how good they are but how differently one prediction can be reported.

Run: OMP_NUM_THREADS=1 FUSIONLS_REAL_DATA=FOLDER python benchmarks/metric_kinds.py [--write]
     --write puts the table into docs/metric_kinds.md
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier

from fusionls.evaluation.functional.blocks import BlockSums, Interval, intervals
from fusionls.evaluation.functional.curves import ThresholdCurve, count_by_probability
from fusionls.evaluation.functional.map_sums import map_sums
from fusionls.evaluation.functional.scores import scores
from fusionls.geo.raster_io import written_whole

PAGE = Path(__file__).parents[1] / 'docs' / 'metric_kinds.md'
KINDS = {
    'f1': 'pooled F1',
    'macro_f1': 'macro F1',
    'per_image_f1': 'per-image F1',
    'per_image_f1_empty_is_1': 'per-image F1, empty is 1',
}
WINDOWS = (5, 15)  # pixels around, for mean and spread
PIXELS = 60_000  # to fit on

Tile = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Bands (H, W, C) and labels (H, W)."""

HEAD = """# One prediction, four F1 scores

Published landslide scores are seldom of the same kind. Here one and the same prediction is
reported in the customary ways:

- **pooled**: the pixels of all tiles are counted together, then scored once; landslide class only.
- **macro**: the mean of the pooled F1 of landslides and of everything else.
- **per image**: F1 of each tile, averaged over the tiles in which map or labels hold a landslide.
- **per image, empty is 1**: the same over all tiles, where nothing found on nothing counts as 1.

The predictor is a simple one (gradient boosted trees on colours, fitted on other tiles), and beside
it stands a map without any landslide. Both are there to compare the kinds, not to be good. The
sets are samples; the figures say nothing of methods evaluated on the whole sets, and three tiles
show the arithmetic only. The interval is 95 % of 1000 draws of whole tiles.

"""


def bijie(root: Path) -> list[Tile]:
    """64 tiles of RGB at 0.8 m, 20 of them without a landslide."""
    return _pictures(root / 'bijie_rgb')


def landslide4sense_png(root: Path) -> list[Tile]:
    """80 tiles of RGB at 10 m, all with landslides."""
    return _pictures(root / 'landslide4sense_rgb_png')


def landslide4sense_h5(root: Path) -> list[Tile]:
    """3 tiles of 14 bands, one of them without a landslide."""
    tiles = []
    for path in sorted((root / 'landslide4sense_h5' / 'img').glob('*.h5')):
        mask = path.parents[1] / 'mask' / path.name.replace('image', 'mask')
        with h5py.File(path) as image, h5py.File(mask) as labels:
            tiles.append((np.asarray(image['img'], np.float32), np.asarray(labels['mask'])))
    return tiles


SETS: dict[str, Callable[[Path], list[Tile]]] = {
    'Bijie, RGB sample': bijie,
    'Landslide4Sense, RGB sample': landslide4sense_png,
    'Landslide4Sense, 14 bands, sample': landslide4sense_h5,
}


def _pictures(folder: Path) -> list[Tile]:
    """Images and masks of PNG; a mask is white, in one or in all channels, on landslides."""
    tiles = []
    for path in sorted((folder / 'images').glob('*.png')):
        image, mask = (
            imread(path)[..., :3],
            imread(folder / 'masks' / path.name.replace('image', 'mask')),
        )
        first = mask if mask.ndim == 2 else mask[..., 0]
        tiles.append((image.astype(np.float32), (first > 0.5).astype(np.uint8)))
    return tiles


def features(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """(pixels, 5 C) bands, and their mean and deviation in windows around."""
    parts = [bands]
    for size in WINDOWS:
        mean = ndimage.uniform_filter(bands, (size, size, 0))
        square = ndimage.uniform_filter(bands**2, (size, size, 0))
        parts += [mean, np.sqrt(np.maximum(square - mean**2, 0))]
    return np.concatenate(parts, axis=-1).reshape(-1, 5 * bands.shape[-1])


def predicted(tiles: list[Tile], folds: int, seed: int = 0) -> list[NDArray[np.bool_]]:
    """Masks of all tiles, each by a model that saw only tiles of other folds."""
    rng = np.random.default_rng(seed)
    given = [features(bands) for bands, _ in tiles]
    fold = rng.permutation(len(tiles)) % folds
    masks: list[NDArray[np.bool_]] = [np.zeros(0, bool)] * len(tiles)
    for number in range(folds):
        seen = np.flatnonzero(fold != number)
        x = np.concatenate([given[i] for i in seen])
        y = np.concatenate([tiles[i][1].ravel() for i in seen])
        some = rng.permutation(len(y))[:PIXELS]
        model = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
        model.fit(x[some], y[some])
        sure = model.predict_proba(x)[:, 1]
        counts = count_by_probability(sure, y == 1, np.ones(y.shape, bool))
        _, threshold = ThresholdCurve(counts).best_f1()
        for i in np.flatnonzero(fold == number):
            probability = model.predict_proba(given[i])[:, 1].reshape(tiles[i][1].shape)
            masks[i] = probability >= threshold
    return masks


def scored(tiles: list[Tile], masks: list[NDArray[np.bool_]]) -> dict[str, Interval]:
    """Each kind of F1 with its interval over tiles."""
    blocks = BlockSums()
    for number, ((_, truth), mask) in enumerate(zip(tiles, masks, strict=True)):
        blocks.add(f'{number:03d}', map_sums(truth, predicted=mask).sums)
    return intervals(blocks, partial(scores, boundary_distances=(), names=list(KINDS)))


def row(name: str, tiles: list[Tile], found: dict[str, Interval]) -> str:
    """A row of the table: every kind, and how far apart they are."""
    cells = [
        f'{i.value:.3f} ({i.low:.3f} to {i.high:.3f})' for i in (found[kind] for kind in KINDS)
    ]
    values = [found[kind].value for kind in KINDS]
    empty = sum(not (truth == 1).any() for _, truth in tiles)
    return (
        f'| {name} | {len(tiles)} ({empty}) | {" | ".join(cells)} '
        f'| {max(values) - min(values):.3f} |'
    )


def said(name: str, trees: dict[str, Interval], nothing: dict[str, Interval]) -> str:
    """What a reader should see in two rows, where a map of nothing wins."""
    better = [
        f'{told} ({nothing[kind].value:.3f} against {trees[kind].value:.3f})'
        for kind, told in KINDS.items()
        if nothing[kind].value > trees[kind].value
    ]
    verdict = f'wins by {" and ".join(better)}' if better else 'wins by none of the four'
    return f'- {name}: a map without any landslide {verdict}.'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--write', action='store_true', help='into docs/metric_kinds.md')
    arguments = parser.parse_args()
    if 'FUSIONLS_REAL_DATA' not in os.environ:
        sys.exit('set FUSIONLS_REAL_DATA to the folder of public data sets')
    root = Path(os.environ['FUSIONLS_REAL_DATA'])
    lines = [
        f'| set and prediction | tiles (without landslide) | {" | ".join(KINDS.values())} '
        '| farthest apart |',
        '|---|---|' + '---:|' * (len(KINDS) + 1),
    ]
    remarks = []
    for name, read in SETS.items():
        tiles = read(root)
        trees = scored(tiles, predicted(tiles, folds=2 if len(tiles) > 3 else len(tiles)))
        nothing = scored(tiles, [np.zeros(truth.shape, bool) for _, truth in tiles])
        lines.append(row(f'{name}: boosted trees', tiles, trees))
        lines.append(row(f'{name}: no landslide anywhere', tiles, nothing))
        remarks.append(said(name, trees, nothing))
    table = '\n'.join([*lines, '', *remarks])
    print(table)
    if arguments.write:
        foot = f'\nMade by `python benchmarks/metric_kinds.py --write`, {date.today()}.\n'
        with written_whole(PAGE) as beside:
            beside.write_text(f'{HEAD}{table}\n{foot}')


if __name__ == '__main__':
    main()
