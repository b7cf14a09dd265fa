"""Which ground belongs to which split: whole blocks with a buffer, never single random tiles.

Neighbouring tiles share landslides and texture; a random split of tiles therefore tests on what
was trained on (Roberts et al. 2017, "Cross-validation strategies for data with temporal,
spatial, hierarchical, or phylogenetic structure"). Here ground is given to a split in blocks,
and training ground within the buffer around validation ground is given to nobody.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import (
    SplitError,
    SplitLeakageWarning,
    nearest_names,
    raise_together,
)
from fusionls.geo.raster import BoolArray
from fusionls.geo.window import Window

NOBODY, TRAIN, VALIDATION = 0, 1, 2
SPLITS = {'train': TRAIN, 'val': VALIDATION}


@dataclass(frozen=True)
class SplitMap:
    """Owner of every cell of a scene.

    Attributes:
        cell: Side of a cell, base pixels.
        owner: (cell rows, cell cols) uint8: NOBODY, TRAIN or VALIDATION.
    """

    cell: int
    owner: NDArray[np.uint8]

    def allowed(self, window: Window, split: str) -> BoolArray:
        """(height, width) bool: which pixels of a window belong to ``split``.

        Raises:
            SplitError: ``split`` is neither ``'train'``, ``'val'`` nor ``'all'``.
        """
        if split == 'all':
            return np.ones((window.height, window.width), bool)
        if split not in SPLITS:
            raise SplitError(
                f'split {split!r} is unknown; {nearest_names(split, [*SPLITS, "all"])}'
            )
        rows = np.arange(window.row, window.row + window.height) // self.cell
        cols = np.arange(window.col, window.col + window.width) // self.cell
        inside_rows = (rows >= 0) & (rows < self.owner.shape[0])
        inside_cols = (cols >= 0) & (cols < self.owner.shape[1])
        owner = self.owner[
            np.clip(rows, 0, self.owner.shape[0] - 1)[:, None],
            np.clip(cols, 0, self.owner.shape[1] - 1)[None, :],
        ]
        return (owner == SPLITS[split]) & inside_rows[:, None] & inside_cols[None, :]

    def share(self, split: str) -> float:
        """Share of the scene's cells that belong to ``split``."""
        return float((self.owner == SPLITS[split]).mean())


def with_buffer(validation: BoolArray, buffer: int) -> NDArray[np.uint8]:
    """Owners of cells when the given ones are validation.

    Args:
        validation: (cell rows, cell cols).
        buffer: Cells around validation that belong to nobody (in all eight directions).

    Raises:
        SplitError: Nothing is left for training, or for validation.
    """
    near = validation
    if buffer > 0:
        near = ndimage.binary_dilation(validation, np.ones((3, 3), bool), iterations=buffer)
    owner = np.where(validation, VALIDATION, np.where(near, NOBODY, TRAIN)).astype(np.uint8)
    for name, number in SPLITS.items():
        if not (owner == number).any():
            raise SplitError(
                f'no ground is left for {name!r}: {int(validation.sum())} of {validation.size} '
                f'cells are validation, with a buffer of {buffer} cells around each. '
                'Use smaller blocks, a smaller buffer or another share.'
            )
    return owner


def blocks_of_columns(
    shape: tuple[int, int], cell: int, validation: Sequence[tuple[int, int]], buffer: int
) -> SplitMap:
    """Give whole columns of cells to validation.

    Args:
        shape: Rows and columns of the scene, pixels.
        cell: Side of a cell, pixels.
        validation: Half-open ranges of cell columns.
        buffer: Cells beside them that belong to nobody.
    """
    rows, cols = (-(-length // cell) for length in shape)
    chosen = np.zeros((rows, cols), bool)
    for start, stop in validation:
        chosen[:, start:stop] = True
    return SplitMap(cell, with_buffer(chosen, buffer))


def random_blocks(
    shape: tuple[int, int], cell: int, block: int, share: float, buffer: int, seed: int
) -> SplitMap:
    """Give randomly chosen square blocks to validation.

    Args:
        shape: Rows and columns of the scene, pixels.
        cell: Side of a cell, pixels.
        block: Side of a block, cells.
        share: Share of the blocks that become validation, in (0, 1).
        buffer: Cells around each that belong to nobody.
        seed: Same seed, same split.

    Raises:
        SplitError: ``share`` is out of range, or a split would be empty.
    """
    if not 0 < share < 1:
        raise SplitError(f'the share of validation must lie between 0 and 1, got {share}')
    rows, cols, block_rows, block_cols = _blocks(shape, cell, block)
    count = max(1, round(share * block_rows * block_cols))
    order = np.random.default_rng(seed).permutation(block_rows * block_cols)
    chosen = np.zeros(block_rows * block_cols, bool)
    chosen[order[:count]] = True
    return SplitMap(cell, with_buffer(_by_cell(chosen, block_rows, block, rows, cols), buffer))


def fold_blocks(
    shape: tuple[int, int], cell: int, block: int, folds: int, fold: int, buffer: int, seed: int
) -> SplitMap:
    """Give one of k folds of square blocks to validation; over all folds each cell is so once.

    Args:
        shape: Rows and columns of the scene, pixels.
        cell: Side of a cell, pixels.
        block: Side of a block, cells.
        folds: k; blocks are dealt out in a random order, so folds differ by one block at most.
        fold: Which fold is validation, from 0.
        buffer: Cells around it that belong to nobody.
        seed: Of the order; the same for all folds.

    Raises:
        SplitError: There are fewer than two folds or more than blocks, ``fold`` is none of them,
            or a split would be empty.
    """
    _check_fold(folds, fold)
    rows, cols, block_rows, block_cols = _blocks(shape, cell, block)
    count = block_rows * block_cols
    if folds > count:
        raise SplitError(f'{folds} folds of {count} blocks: use smaller blocks or fewer folds')
    chosen = np.random.default_rng(seed).permutation(count) % folds == fold
    return SplitMap(cell, with_buffer(_by_cell(chosen, block_rows, block, rows, cols), buffer))


def random_tiles(shape: tuple[int, int], tile: int, share: float, seed: int) -> SplitMap:
    """Give single random tiles to validation, without a buffer: the customary split.

    Scores from it are too good (see the top of this module); it is here so that published ones
    can be repeated. Warns with :class:`SplitLeakageWarning`.

    Args:
        shape: Rows and columns of the scene, pixels.
        tile: Side of a tile, pixels.
        share: Share of the tiles that become validation, in (0, 1).
        seed: Same seed, same split.

    Raises:
        SplitError: ``share`` is out of range, or a split would be empty.
    """
    warn_of_random_tiles()
    return random_blocks(shape, tile, 1, share, 0, seed)


def one_owner(shape: tuple[int, int], split: str) -> SplitMap:
    """Give a whole scene to one split."""
    return SplitMap(max(shape), np.full((1, 1), SPLITS[split], np.uint8))


def held_out_groups(groups: Sequence[str], held_out: Sequence[str]) -> BoolArray:
    """Which entries are validation when whole groups (regions) are left out of training.

    Args:
        groups: Group of each entry: the region of a scene or a loose tile.
        held_out: Groups that are validation.

    Returns:
        (entries,) bool.

    Raises:
        SplitError: A group that is held out is not there, or none is, or all are.
    """
    known = sorted(set(groups))
    problems = [
        f'no group {name!r}; {nearest_names(name, known)}' for name in held_out if name not in known
    ]
    if not held_out or not set(known) - set(held_out):
        problems.append(
            f'{len(set(held_out))} of {len(known)} groups are held out ({", ".join(known)}); '
            'expected one at least, and not all'
        )
    raise_together(SplitError, 'groups cannot be held out', problems)
    return np.isin(np.asarray(groups), list(held_out))


def fold_groups(groups: Sequence[str], folds: int, fold: int, seed: int) -> BoolArray:
    """Which entries are validation in one of k folds of whole groups.

    Args:
        groups: Group of each entry; an entry's own name makes a fold of single entries.
        folds: k; groups are dealt out in a random order.
        fold: Which fold is validation, from 0.
        seed: Of the order; the same for all folds.

    Raises:
        SplitError: There are fewer than two folds or more than groups, or ``fold`` is none.
    """
    _check_fold(folds, fold)
    known = sorted(set(groups))
    if folds > len(known):
        raise SplitError(f'{folds} folds of {len(known)} groups ({", ".join(known[:8])})')
    order = np.random.default_rng(seed).permutation(len(known))
    return held_out_groups(groups, [known[i] for i in order[fold::folds]])


def warn_of_random_tiles() -> None:
    """Say what a split of single random tiles is worth."""
    warnings.warn(
        'tiles are split at random: neighbours share landslides and texture, so scores say how '
        'well a model fills gaps in ground it was trained on; use blocks, folds or regions',
        SplitLeakageWarning,
        stacklevel=3,
    )


def _check_fold(folds: int, fold: int) -> None:
    if folds < 2 or not 0 <= fold < folds:
        raise SplitError(f'fold {fold} of {folds}: expected two folds at least, counted from 0')


def _blocks(shape: tuple[int, int], cell: int, block: int) -> tuple[int, int, int, int]:
    """Rows and columns of cells, then of blocks."""
    rows, cols = (-(-length // cell) for length in shape)
    return rows, cols, -(-rows // block), -(-cols // block)


def _by_cell(chosen: BoolArray, block_rows: int, block: int, rows: int, cols: int) -> BoolArray:
    """(rows, cols) of cells from a choice of blocks, row by row."""
    by_block = chosen.reshape(block_rows, -1)
    return np.repeat(np.repeat(by_block, block, 0), block, 1)[:rows, :cols]
