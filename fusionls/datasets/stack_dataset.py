"""Tiles from stacks on disk, split by spatial blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusionls.datasets.splits import SplitMap, random_blocks
from fusionls.datasets.tile_dataset import Scene, TileDataset
from fusionls.errors import StackError
from fusionls.registry import DATASETS
from fusionls.stack.layer_stack import LayerStack


@DATASETS.register_module()
class StackDataset(TileDataset):
    """Tiles of the stacks written by ``tools/build_stack.py``.

    Args:
        stacks: Folders of stacks; each needs labels.
        cell: Side of a split cell, base pixels; a multiple of the coarsest pixel.
        block: Side of a split block, cells.
        validation_share: Share of the blocks that are validation ground. 0 leaves every stack
            whole: then use ``split='all'``.
        buffer: Cells around validation ground that nobody may use.
        split_seed: Of the choice of blocks; same seed, same split.
        **options: Those of :class:`TileDataset`.

    Raises:
        StackError: A stack has no labels, or cells do not fit its coarsest pixel.
    """

    def __init__(
        self,
        *,
        stacks: Sequence[str | Path],
        cell: int = 64,
        block: int = 4,
        validation_share: float = 0.0,
        buffer: int = 1,
        split_seed: int = 0,
        **options: Any,
    ) -> None:
        self.stacks = [Path(folder) for folder in stacks]
        self.cell = cell
        self.block = block
        self.validation_share = validation_share
        self.buffer = buffer
        self.split_seed = split_seed
        super().__init__(**options)

    def open_scenes(self) -> list[tuple[Scene, SplitMap | None]]:
        """Open the stacks and share out their ground."""
        scenes: list[tuple[Scene, SplitMap | None]] = []
        for folder in self.stacks:
            stack = LayerStack.open(folder)
            if not stack.has_labels:
                raise StackError(
                    f'{folder}: has no labels; give `landslides:` in its scene description and '
                    'build it again'
                )
            if self.cell % stack.coarsest:
                raise StackError(
                    f'{folder}: split cells of {self.cell} pixels cut the pixels of its coarsest '
                    f'modality ({stack.coarsest}); use a multiple'
                )
            owners = None
            if self.validation_share > 0:
                owners = random_blocks(
                    stack.grid.shape,
                    self.cell,
                    self.block,
                    self.validation_share,
                    self.buffer,
                    self.split_seed,
                )
            scenes.append((stack, owners))
        return scenes
