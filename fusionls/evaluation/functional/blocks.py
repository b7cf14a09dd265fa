"""Sums by block of ground, and what chance would have made of them: intervals and paired tests.

Flow: sums of each tile -> [here: by block] -> scores, confidence intervals, compare_runs.
Pixels of one landslide, and landslides of one slope, are no independent trials; blocks of ground
are nearly so. Whole blocks are therefore drawn with replacement (Efron and Tibshirani 1993; for
ground, Lahiri 2003), every sum is added anew and the scores are taken from the new sums.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionls.errors import FileMissingError, InputError
from fusionls.geo.raster_io import written_whole

Sums = Mapping[str, NDArray[np.float64]]
"""Numbers that add up over tiles, by name."""
Scores = Mapping[str, NDArray[np.float64]]
DRAWS = 1000
LEVEL = 0.95
FEW_BLOCKS = 20
"""Below this an interval is itself uncertain, and mostly too narrow."""
MOST_BLOCKS, GROUPS = 1000, 500
GROUP = 'group of blocks '
DRAWS_AT_ONCE = 50  # so that the curves of all draws need not fit into memory
NAMES = '__blocks__'


@dataclass
class BlockSums:
    """Sums of every block; add tiles by :meth:`add`, other blocks by ``+=``.

    Beyond ``MOST_BLOCKS`` blocks are thrown together into ``GROUPS`` groups, by their names: a
    block of ground and a group of such blocks are equally good to draw, and memory stops growing
    (70 KB a block).

    Attributes:
        blocks: Sums by name by block; a name that a block lacks is zero there.
        grouped: Whether they are groups of blocks.
    """

    blocks: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)
    grouped: bool = False

    def add(self, block: str, sums: Sums) -> None:
        """Add the sums of a tile to its block."""
        if self.grouped and not block.startswith(GROUP):
            block = f'{GROUP}{zlib.crc32(block.encode()) % GROUPS:03d}'
        own = self.blocks.setdefault(block, {})
        for name, value in sums.items():
            own[name] = own[name] + value if name in own else np.array(value, np.float64)
        if len(self.blocks) > MOST_BLOCKS:
            self._group()

    def __iadd__(self, other: BlockSums) -> BlockSums:
        if other.grouped and not self.grouped:
            self._group()
        for block, sums in other.blocks.items():
            self.add(block, sums)
        return self

    def _group(self) -> None:
        """Throw the blocks together, and all that come after."""
        single, self.blocks, self.grouped = self.blocks, {}, True
        for block, sums in single.items():
            self.add(block, sums)

    def __len__(self) -> int:
        return len(self.blocks)

    def stacked(self) -> dict[str, NDArray[np.float64]]:
        """(blocks, ...) by name, blocks in alphabetical order."""
        shapes = {
            name: value.shape for sums in self.blocks.values() for name, value in sums.items()
        }
        return {
            name: np.stack(
                [self.blocks[block].get(name, np.zeros(shape)) for block in sorted(self.blocks)]
            )
            for name, shape in sorted(shapes.items())
        }

    def total(self) -> dict[str, NDArray[np.float64]]:
        """Sums over all blocks, by name."""
        return {name: values.sum(axis=0) for name, values in self.stacked().items()}

    def write(self, path: str | Path) -> Path:
        """Write as compressed npz, whole or not at all."""
        names = np.array(sorted(self.blocks), dtype=str)
        arrays: dict[str, Any] = {NAMES: names, **self.stacked()}
        with written_whole(path) as beside, beside.open('wb') as file:
            np.savez_compressed(file, **arrays)
        return Path(path)

    @classmethod
    def read(cls, path: str | Path) -> BlockSums:
        """Read what :meth:`write` wrote.

        Raises:
            FileMissingError: There is no such file.
            InputError: It holds no sums of blocks.
        """
        path = Path(path)
        if not path.is_file():
            raise FileMissingError(f'{path}: no such file; tools/test.py writes it')
        try:
            with np.load(path, allow_pickle=False) as content:
                stacked = {name: content[name] for name in content.files}
            names = stacked.pop(NAMES).tolist()
            if any(len(values) != len(names) for values in stacked.values()):
                raise ValueError('the sums are not as many as the blocks')
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise InputError(
                f'{path}: holds no sums of blocks ({error}); make it anew by tools/test.py'
            ) from error
        blocks = {
            block: {name: values[i].astype(np.float64) for name, values in stacked.items()}
            for i, block in enumerate(names)
        }
        return cls(blocks, grouped=any(name.startswith(GROUP) for name in names))


@dataclass(frozen=True)
class Interval:
    """A score with the interval that holds 95 % of the draws.

    Attributes:
        value: On all blocks as they are.
        low: 2.5 % of the draws are lower; NaN where there is one block only.
        high: 2.5 % of the draws are higher.
        draws: Draws in which the score was defined.
    """

    value: float
    low: float
    high: float
    draws: int


def drawn_blocks(count: int, draws: int, seed: int) -> NDArray[np.float64]:
    """(draws, count) how often each block is taken when ``count`` are drawn with replacement."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)


def _drawn_scores(
    sums: Sums, scores: Callable[[Sums], Scores], weights: NDArray[np.float64]
) -> Scores:
    """Scores of each draw, (draws,) by name."""
    parts = []
    for start in range(0, len(weights), DRAWS_AT_ONCE):
        some = weights[start : start + DRAWS_AT_ONCE]
        drawn = {
            name: (some @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
            for name, values in sums.items()
        }
        parts.append(scores(drawn))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def intervals(
    blocks: BlockSums,
    scores: Callable[[Sums], Scores],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Interval]:
    """Percentile intervals of every score.

    Args:
        blocks: Sums by block.
        scores: Scores by name from sums that may carry a leading axis of draws.
        draws: How many.
        seed: Same seed, same draws.
    """
    if not len(blocks):
        return {}
    values = scores(blocks.total())
    weights = drawn_blocks(len(blocks), draws, seed)
    drawn = _drawn_scores(blocks.stacked(), scores, weights)
    return {
        name: _interval(float(value), drawn[name], len(blocks)) for name, value in values.items()
    }


def _interval(value: float, drawn: NDArray[np.float64], blocks: int) -> Interval:
    defined = drawn[~np.isnan(drawn)]
    if blocks < 2 or not len(defined):
        return Interval(value, float('nan'), float('nan'), 0)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high), len(defined))


@dataclass(frozen=True)
class Difference:
    """How much better one run is than another on the same ground.

    Attributes:
        interval: Of the difference, first run less second.
        p_value: Two-sided: twice the smaller share of draws on either side of zero, at least
            1 / draws; NaN where there is one block only.
    """

    interval: Interval
    p_value: float


def paired_differences(
    first: BlockSums,
    second: BlockSums,
    scores: Callable[[Sums], Scores],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare two runs block by block: each draw takes the same blocks of both.

    Args:
        first: Sums by block of one run.
        second: Of the other, over the same blocks.
        scores: As for :func:`intervals`.
        draws: How many.
        seed: Same seed, same draws.

    Raises:
        InputError: The runs were not tested on the same blocks, or there are none.
    """
    lone = sorted(set(first.blocks) ^ set(second.blocks))
    if lone or not len(first):
        raise InputError(
            f'the runs were not tested on the same ground: {len(lone)} blocks stand in one of '
            f'them only ({", ".join(lone[:3]) or "there are no blocks at all"}); test both with '
            'the same test tiles and the same block size'
        )
    weights = drawn_blocks(len(first), draws, seed)
    values = [scores(run.total()) for run in (first, second)]
    drawn = [_drawn_scores(run.stacked(), scores, weights) for run in (first, second)]
    differences = {}
    for name in values[0].keys() & values[1].keys():
        gap = drawn[0][name] - drawn[1][name]
        interval = _interval(float(values[0][name] - values[1][name]), gap, len(first))
        differences[name] = Difference(interval, _p_value(gap, interval))
    return dict(sorted(differences.items()))


def _p_value(gap: NDArray[np.float64], interval: Interval) -> float:
    if not interval.draws:
        return float('nan')
    defined = gap[~np.isnan(gap)]
    smaller = min(np.mean(defined <= 0), np.mean(defined >= 0))
    return float(min(1.0, max(2 * smaller, 1 / len(defined))))
