"""Which ground belongs to which split: whole blocks with a buffer, never single random tiles.

Neighbouring tiles share landslides and texture; a random split of tiles therefore tests on what
was trained on (Roberts et al. 2017, "Cross-validation strategies for data with temporal,
spatial, hierarchical, or phylogenetic structure"). Here ground is given to a split in blocks,
and training ground within the buffer around validation ground is given to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.errors import SplitError, nearest_names
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
    rows, cols = (-(-length // cell) for length in shape)
    block_rows, block_cols = -(-rows // block), -(-cols // block)
    count = max(1, round(share * block_rows * block_cols))
    order = np.random.default_rng(seed).permutation(block_rows * block_cols)
    chosen = np.zeros(block_rows * block_cols, bool)
    chosen[order[:count]] = True
    by_block = chosen.reshape(block_rows, block_cols)
    by_cell = np.repeat(np.repeat(by_block, block, 0), block, 1)[:rows, :cols]
    return SplitMap(cell, with_buffer(by_cell, buffer))
