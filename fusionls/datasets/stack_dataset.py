"""Tiles from stacks on disk: split by blocks, folds or regions, labelled by an inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionls.datasets.mapped_scene import MappedScene
from fusionls.datasets.splits import (
    SplitMap,
    fold_blocks,
    fold_groups,
    held_out_groups,
    one_owner,
    random_blocks,
    random_tiles,
)
from fusionls.datasets.tile_dataset import Scene, TileDataset
from fusionls.errors import SplitError, StackError, nearest_names, raise_together
from fusionls.registry import DATASETS
from fusionls.sources.mapped_landslides import MappedLandslides
from fusionls.stack.layer_stack import LayerStack
from fusionls.stack.store import POLYGONS_NAME

SCHEMES = ('blocks', 'folds', 'regions', 'region_folds', 'random')


@DATASETS.register_module()
class StackDataset(TileDataset):
    """Tiles of the stacks written by ``tools/build_stack.py``.

    Ground is shared out by one scheme: ``blocks``, random square blocks with a buffer;
    ``folds``, the same dealt out into k folds; ``regions``, whole stacks held out by name;
    ``region_folds``, whole stacks dealt out into k folds; ``random``, single random tiles
    without a buffer, the customary split, with a warning.

    Args:
        stacks: Folders of stacks; each needs labels, or an inventory.
        scheme: How ground is shared out; see above.
        cell: Side of a split cell, base pixels; a multiple of the coarsest pixel.
        block: Side of a split block, cells.
        validation_share: Share of the blocks (or random tiles) that are validation ground. 0
            leaves every stack whole: then use ``split='all'``.
        buffer: Cells around validation ground that nobody may use.
        split_seed: Of the choice of blocks; same seed, same split.
        folds: Number of folds.
        fold: Which of them is validation, from 0.
        held_out: Names of the scenes that are validation.
        inventories: Polygons to label by, one file per stack; those the stack was built with,
            where ``edge_band`` or ``least_area`` is given.
        edge_band: Metres around the outline of landslides that do not count; see
            :class:`MappedScene`.
        least_area: Square metres; smaller landslides do not count.
        **options: Those of :class:`TileDataset`.

    Raises:
        StackError: A stack has no labels, cells do not fit its coarsest pixel, or there is not
            one inventory per stack; all at once.
        SplitError: The scheme is unknown, or a split would be empty.
    """

    def __init__(
        self,
        *,
        stacks: Sequence[str | Path],
        scheme: str = 'blocks',
        cell: int = 64,
        block: int = 4,
        validation_share: float = 0.0,
        buffer: int = 1,
        split_seed: int = 0,
        folds: int = 5,
        fold: int = 0,
        held_out: Sequence[str] = (),
        inventories: Sequence[str | Path] | None = None,
        edge_band: float = 0.0,
        least_area: float = 0.0,
        **options: Any,
    ) -> None:
        if scheme not in SCHEMES:
            raise SplitError(f'scheme {scheme!r} is unknown; {nearest_names(scheme, SCHEMES)}')
        self.stacks = [Path(folder) for folder in stacks]
        self.scheme = scheme
        self.cell = cell
        self.block = block
        self.validation_share = validation_share
        self.buffer = buffer
        self.split_seed = split_seed
        self.folds = folds
        self.fold = fold
        self.held_out = tuple(held_out)
        self.inventories = None if inventories is None else [Path(file) for file in inventories]
        self.edge_band = edge_band
        self.least_area = least_area
        super().__init__(**options)

    @property
    def customary_random(self) -> bool:
        """Whether the split is one of single random tiles."""
        return self.scheme == 'random'

    def open_scenes(self) -> list[tuple[Scene, SplitMap | None]]:
        """Open the stacks, lay the inventories on them, share out their ground."""
        stacks = [LayerStack.open(folder) for folder in self.stacks]
        raise_together(StackError, 'stacks cannot be cut into tiles', self._problems(stacks))
        scenes = [self._labelled(stack, number) for number, stack in enumerate(stacks)]
        if self.scheme in ('regions', 'region_folds'):
            owners = self._regions(stacks)
        else:
            owners = {stack.folder: self._owners(stack) for stack in stacks}
        return [(scene, owners[stack.folder]) for scene, stack in zip(scenes, stacks, strict=True)]

    def _problems(self, stacks: Sequence[LayerStack]) -> list[str]:
        problems = []
        if self.inventories is not None and len(self.inventories) != len(stacks):
            problems.append(
                f'{len(self.inventories)} inventories for {len(stacks)} stacks; give one per stack'
            )
        for stack in stacks:
            if self.inventories is None and not stack.has_labels:
                problems.append(
                    f'{stack.folder}: has no labels; give `landslides:` in its scene description '
                    'and build it again, or name `inventories`'
                )
            if self.inventories is None and self._draws and not _own_polygons(stack).is_file():
                problems.append(
                    f'{stack.folder}: was labelled by a mask, which has no outlines to draw '
                    'edge_band and least_area from; name `inventories`'
                )
            if self._by_cells and self.cell % stack.coarsest:
                problems.append(
                    f'{stack.folder}: split cells of {self.cell} pixels cut the pixels of its '
                    f'coarsest modality ({stack.coarsest}); use a multiple'
                )
        return problems

    @property
    def _draws(self) -> bool:
        """Whether labels are drawn from polygons, not read from the stack."""
        return bool(self.inventories is not None or self.edge_band or self.least_area)

    @property
    def _by_cells(self) -> bool:
        return self.scheme in ('blocks', 'folds')

    def _labelled(self, stack: LayerStack, number: int) -> Scene:
        if not self._draws:
            return stack
        named = None if self.inventories is None else self.inventories[number]
        polygons = MappedLandslides.open(named or _own_polygons(stack), stack.grid.crs)
        return MappedScene(stack, polygons, edge_band=self.edge_band, least_area=self.least_area)

    def _owners(self, stack: LayerStack) -> SplitMap | None:
        shape, seed = stack.grid.shape, self.split_seed
        if self.scheme == 'folds':
            return fold_blocks(
                shape, self.cell, self.block, self.folds, self.fold, self.buffer, seed
            )
        if self.validation_share == 0:
            return None
        if self.scheme == 'random':
            return random_tiles(shape, self.tile, self.validation_share, seed)
        return random_blocks(shape, self.cell, self.block, self.validation_share, self.buffer, seed)

    def _regions(self, stacks: Sequence[LayerStack]) -> Mapping[Path, SplitMap]:
        names = [stack.name for stack in stacks]
        if self.scheme == 'regions':
            held_out = held_out_groups(names, self.held_out)
        else:
            held_out = fold_groups(names, self.folds, self.fold, self.split_seed)
        return {
            stack.folder: one_owner(stack.grid.shape, 'val' if out else 'train')
            for stack, out in zip(stacks, held_out, strict=True)
        }


def _own_polygons(stack: LayerStack) -> Path:
    """The polygons a stack was built with."""
    return stack.folder / POLYGONS_NAME
