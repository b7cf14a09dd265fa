"""Training samples from loose tiles: which tiles, which split, and a look at all files first.

Flow: datasets.public (finds the tiles) -> [here] -> datasets.transforms.
Everything that is wrong with the files is said at once, before the first step of training.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.datasets.loose_tiles import Finding, LooseTile, cut
from fusionls.datasets.places import data_set_folder
from fusionls.datasets.split_file import SPLIT_NAMES, read_split_file, strangers
from fusionls.datasets.splits import SplitMap, fold_groups, held_out_groups, warn_of_random_tiles
from fusionls.datasets.tile_dataset import UNLABELLED, Scene, TileDataset, missing_layers
from fusionls.datasets.tiling import tile_windows
from fusionls.errors import (
    DataSetError,
    DataSetWarning,
    InputError,
    LayerMissingError,
    SplitError,
    nearest_names,
    raise_together,
)
from fusionls.geo.window import Window

CHECKS = ('masks', 'files')


class LooseTileDataset(TileDataset):
    """Tiles of a set that was published tile by tile.

    The split is the published one, unless one of ``split_file``, ``held_out`` and ``folds`` says
    otherwise; tiles that are published as test stay test under ``held_out`` and ``folds``.

    Args:
        root: Folder of the set, see ``datasets.places``.
        split: ``'train'``, ``'val'``, ``'test'`` or ``'all'``.
        tile: Side of the tiles to cut out of larger ones, and to pad smaller ones to; None takes
            each as it is (the data preprocessor pads a batch to its largest).
        split_file: Names by split, see ``datasets.split_file``.
        held_out: Groups (regions) by split, ``{'val': [...], 'test': [...]}``; the others train.
        folds: So many folds of single tiles, of which ``fold`` is validation. Unless each tile is
            a place of its own, tiles of one place then stand on both sides: the customary split,
            scores from which are too good.
        fold: From 0.
        split_seed: Of the folds.
        check: ``'masks'`` reads every mask of the split before training, ``'files'`` their sizes
            only. ``tools/datasets/prepare.py`` reads all.
        **options: Those of :class:`TileDataset`.

    Raises:
        DataSetError: Files are missing, damaged or do not fit; all are named.
        SplitError: The split file is wrong, a group is not there, or the split is empty.
        LayerMissingError: The set lacks a layer that was asked for.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        split: str = 'all',
        tile: int | None = None,
        split_file: str | Path | None = None,
        held_out: Mapping[str, Sequence[str]] | None = None,
        folds: int | None = None,
        fold: int = 0,
        split_seed: int = 0,
        check: str = 'masks',
        **options: Any,
    ) -> None:
        ways = [split_file is not None, held_out is not None, folds is not None]
        problems = []
        if sum(ways) > 1:
            problems.append('give one of split_file, held_out and folds, not several')
        if split not in (*SPLIT_NAMES, 'all'):
            problems.append(f'split {split!r}: {nearest_names(split, [*SPLIT_NAMES, "all"])}')
        unknown = sorted(set(held_out or {}) - {'val', 'test'})
        if unknown:
            problems.append(f'held_out names {unknown}; expected val and test')
        raise_together(SplitError, 'the split cannot be understood', problems)
        if check not in CHECKS:
            raise InputError(f'check {check!r}: {nearest_names(check, CHECKS)}')
        self.root = root
        self.split_file = split_file
        self.held_out = held_out
        self.folds = folds
        self.fold = fold
        self.split_seed = split_seed
        self.check = check
        self.whole = tile is None
        self.customary_random = False
        super().__init__(split=split, tile=tile or 1, **options)

    @abstractmethod
    def find_tiles(self, root: Path) -> Finding:
        """Every tile in a folder, and what is wrong with the files."""

    def open_scenes(self) -> list[tuple[Scene, SplitMap | None]]:
        """The labelled tiles of the split that show something, after a look at their files."""
        finding = self.find_tiles(data_set_folder(self.root))
        for doubt in finding.doubts:
            warnings.warn(doubt, DataSetWarning, stacklevel=2)
        tiles = [tile for tile in finding.tiles if tile.labelled]
        chosen, wrong = self._of_split(tiles)
        problems = [*finding.problems, *wrong]
        self._windows = {}
        for tile in chosen:
            try:
                self._windows[tile.name] = self._windows_of(tile)
            except InputError as error:
                problems.append(str(error))
        kind = SplitError if wrong and len(wrong) == len(problems) else DataSetError
        raise_together(
            kind,
            f'{self.root}: the data set cannot be used',
            problems,
            'docs/datasets.md shows the files each set should have; tools/datasets/prepare.py '
            'checks a download.',
        )
        seen = [tile for tile in chosen if tile.shown & set(self.modalities)]
        if not seen:
            raise SplitError(
                f'{self.root}: split {self.split!r} holds no tile with labels and one of '
                f'{", ".join(self.modalities)}; {len(finding.tiles)} tiles were found, of which '
                f'{len(tiles)} have labels and {len(chosen)} are of this split'
            )
        return [(tile, None) for tile in seen]

    def load_data_list(self) -> list[dict[str, Any]]:
        """Windows of all tiles: each whole, or cut to ``tile``."""
        self.scenes = self.open_scenes()
        first = self.scenes[0][0]  # all tiles of a set have the same layers
        raise_together(
            LayerMissingError,
            'layers are missing',
            missing_layers(first, self.layers),
            'Take them out of the config.',
        )
        data = [
            {'scene': number, 'window': window, **told}
            for number, (scene, _) in enumerate(self.scenes)
            for window, told in self._windows[scene.name]
        ]
        if not data:
            raise SplitError(
                f'{self.root}: split {self.split!r} holds no tile with at least '
                f'{self.least_labelled:.0%} of its pixels labelled'
            )
        return data

    def _windows_of(self, tile: LooseTile) -> list[tuple[Window, dict[str, float]]]:
        """Windows with enough labels, and what share of each is landslide if masks are read."""
        whole = Window(0, 0, *tile.shape)
        windows = [whole] if self.whole else tile_windows(tile.shape, self.tile, self.step)
        if self.check == 'files':
            inside = [(w, w.intersection(whole)) for w in windows]
            return [
                (w, {})
                for w, part in inside
                if part and part.height * part.width >= self.least_labelled * w.height * w.width
            ]
        labels = tile.load_labels()
        if labels.shape != tile.shape:
            raise InputError(f'{tile.name}: labels are {labels.shape}, the tile is {tile.shape}')
        parts = [(w, cut(labels, w, UNLABELLED)) for w in windows]
        return [
            (w, {'landslide': float((part == 1).mean())})
            for w, part in parts
            if (part != UNLABELLED).mean() >= max(self.least_labelled, 1e-9)
        ]

    def _of_split(self, tiles: list[LooseTile]) -> tuple[list[LooseTile], list[str]]:
        """The tiles of the split, and what is wrong with it."""
        if self.split == 'all':
            return tiles, []
        try:
            owners = self._owners(tiles)
        except InputError as error:
            return [], [str(error)]
        return [tile for tile in tiles if owners.get(tile.name) == self.split], []

    def _owners(self, tiles: list[LooseTile]) -> dict[str, str | None]:
        """Split by name."""
        if self.split_file is not None:
            named = read_split_file(self.split_file)
            alien = strangers(self.split_file, named, {tile.name for tile in tiles})
            raise_together(SplitError, 'the split file is wrong', [alien] if alien else [])
            return {name: split for split, names in named.items() for name in names}
        owners = {tile.name: tile.split for tile in tiles}
        free = [tile for tile in tiles if tile.split != 'test']
        if self.held_out is not None:
            owners.update((tile.name, 'train') for tile in free)
            for split, groups in self.held_out.items():
                out = held_out_groups([tile.group for tile in tiles], groups)
                owners.update((tiles[number].name, split) for number in np.flatnonzero(out))
        elif self.folds is not None:
            # tiles of one place, or of nobody knows which
            self.customary_random = any(tile.group != tile.name for tile in free)
            if self.customary_random:
                warn_of_random_tiles()
            out = fold_groups([t.name for t in free], self.folds, self.fold, self.split_seed)
            owners.update(
                (t.name, 'val' if is_out else 'train') for t, is_out in zip(free, out, strict=True)
            )
        elif tiles and not any(owners.values()):
            raise SplitError(
                f'{self.root}: this set has no published split; give split_file, held_out '
                f'(groups: {", ".join(sorted({t.group for t in tiles})[:8])}) or folds'
            )
        return owners
