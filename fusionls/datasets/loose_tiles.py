"""Tiles that were published one by one, of any size, most without a georeference.

Flow: files of a public set -> datasets.public (one subclass each) -> [here] -> loose_tile_dataset.
Each tile is a scene of its own, so that whatever works on windows of scenes works on loose tiles:
beyond its edge a tile is invalid and unlabelled, like the ground beyond a stack.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyproj
from numpy.typing import NDArray

from fusionls.datasets.tile_dataset import UNLABELLED
from fusionls.errors import InputError, LabelError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window

Inputs: TypeAlias = dict[str, tuple[FloatArray, BoolArray]]
"""Values (C, h, w), zero where invalid, and valid (h, w), by modality."""
Labels: TypeAlias = NDArray[np.uint8]
"""(h, w): 1 landslide, 0 none, 255 does not count."""

BINARY = {0: 0, 1: 1}
"""Label by the value that a mask holds: one is a landslide."""
BLACK_AND_WHITE = {0: 0, 255: 1}
"""White is a landslide."""

_NOWHERE = pyproj.CRS.from_wkt(
    'ENGCRS["tile without georeference",EDATUM["corner of the tile"],CS[Cartesian,2],'
    'AXIS["east (E)",east],AXIS["north (N)",north],LENGTHUNIT["metre",1]]'
)
_MOST_NAMED = 8  # values of a bad mask that an error lists


@dataclass(frozen=True)
class TileModality:
    """What a tile says of one modality.

    Attributes:
        layers: Layer names in channel order.
        factor: Pixel size in base pixels.
    """

    layers: tuple[str, ...]
    factor: int = 1


def modalities_of(bands: Mapping[str, Mapping[str, Any]]) -> dict[str, TileModality]:
    """Modalities of a set from the place of each layer: ``{modality: {layer: place}}``."""
    return {modality: TileModality(tuple(layers)) for modality, layers in bands.items()}


@dataclass(frozen=True, kw_only=True)
class LooseTile(ABC):
    """One published tile; satisfies ``datasets.tile_dataset.Scene``.

    Attributes:
        name: Unique within its set; what split files list.
        shape: Rows and columns.
        modalities: What the tiles of the set have.
        present: Those of them that this tile has; all by default.
        pixel: Side of a pixel, metres.
        split: ``'train'``, ``'val'`` or ``'test'`` as published; None where that is not said.
        group: Region or event, for splits that leave whole regions out.
        labelled: Whether somebody mapped it.
        place: Where it lies; None where nobody says.
        files: What it is read from.
    """

    name: str
    shape: tuple[int, int]
    modalities: Mapping[str, TileModality]
    present: frozenset[str] | None = None
    pixel: float = 1.0
    split: str | None = None
    group: str = ''
    labelled: bool = True
    place: Grid | None = None
    files: tuple[Path, ...] = ()

    @property
    def grid(self) -> Grid:
        """Its place, or pixels of the right size that lie nowhere (see :attr:`place`)."""
        return self.place or Grid(_NOWHERE, 0.0, 0.0, self.pixel, self.pixel, *self.shape)

    @property
    def shown(self) -> frozenset[str]:
        """Modalities that this tile has."""
        return frozenset(self.modalities) if self.present is None else self.present

    @abstractmethod
    def load(self, modalities: Sequence[str]) -> Inputs:
        """Read modalities that the tile has, whole.

        Raises:
            InputError: A file is damaged or not what it should be; it is named.
        """

    @abstractmethod
    def load_labels(self) -> Labels:
        """Read the labels, whole.

        Raises:
            InputError: A file is damaged or not what it should be; it is named.
            LabelError: The mask holds values that are no labels.
        """

    def read(self, window: Window, modalities: Sequence[str] | None = None) -> Inputs:
        """Any window; modalities that this tile lacks are left out."""
        chosen = [m for m in modalities or self.modalities if m in self.shown]
        return {
            modality: (cut(values, window, 0), cut(valid, window, False))
            for modality, (values, valid) in self.load(chosen).items()
        }

    def read_labels(self, window: Window) -> Labels:
        """Any window; 255 outside."""
        return cut(self.load_labels(), window, UNLABELLED)


def cut(array: NDArray[Any], window: Window, outside: Any) -> NDArray[Any]:
    """A window of the last two axes, which may hang over any edge; ``outside`` stands beyond."""
    out = np.full((*array.shape[:-2], window.height, window.width), outside, array.dtype)
    inside = window.intersection(Window(0, 0, *array.shape[-2:]))
    if inside is not None:
        out[(..., *inside.relative_to(window).slices)] = array[(..., *inside.slices)]
    return out


def masked(values: NDArray[Any], valid: BoolArray | None = None) -> tuple[FloatArray, BoolArray]:
    """A modality of values (C, h, w): float32, zero where a layer is invalid.

    Args:
        values: In any number type.
        valid: (C, h, w) or (h, w); what is not finite is invalid beside, and that alone by default.
    """
    finite = np.asarray(values, np.float32)
    sound: BoolArray = np.asarray(np.isfinite(finite).all(0))
    if valid is not None:
        sound = sound & np.asarray(valid.reshape(-1, *valid.shape[-2:]).all(0))
    return np.where(sound, finite, np.float32(0)), sound


def decoded_labels(mask: NDArray[Any], codes: Mapping[int, int], path: Path | str) -> Labels:
    """Labels from the values of a mask.

    Args:
        mask: (h, w) of any number type.
        codes: Label (0, 1 or 255) by value.
        path: For the message.

    Raises:
        LabelError: The mask holds a value that has no code.
    """
    labels = np.full(mask.shape, UNLABELLED, np.uint8)
    known = np.zeros(mask.shape, bool)
    for value, label in codes.items():
        here = mask == value
        labels[here] = label
        known |= here
    if not known.all():
        odd = np.unique(mask[~known])
        shown = ', '.join(f'{value:g}' for value in odd[:_MOST_NAMED])
        more = ', ...' if len(odd) > _MOST_NAMED else ''
        raise LabelError(
            f'{path}: {(~known).mean():.1%} of its pixels hold {shown}{more}; expected '
            f'{" and ".join(f"{value:g}" for value in codes)}. Say what other values mean: '
            'codes={value: label}, with label 1 landslide, 0 none, 255 does not count'
        )
    return labels


@dataclass
class Finding:
    """Tiles that were found, and everything that is wrong with the files.

    Attributes:
        tiles: Those that can be read.
        problems: One text each, with the name of the file.
        doubts: What the numbers speak against, though the files can be used.
    """

    tiles: list[LooseTile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note an error instead of stopping at it, so that all come together."""
        try:
            yield
        except InputError as error:
            self.problems.append(str(error))

    def folders(self, *folders: Path) -> bool:
        """Whether all folders are there; those that are not are noted."""
        gone = [folder for folder in folders if not folder.is_dir()]
        self.problems += [f'{folder}: no such folder' for folder in gone]
        return not gone

    def paired(
        self,
        images: Path,
        masks: Path,
        suffixes: Sequence[str],
        key: Callable[[str], str] = str,
    ) -> list[tuple[Path, Path]]:
        """Images with their masks; what stands alone on either side is noted.

        Args:
            images: Folder.
            masks: Folder.
            suffixes: Of the files, lower case; in the folders either case counts.
            key: What the stems of an image and of its mask have in common.
        """
        pictures, drawn = (self._by_name(folder, suffixes, key) for folder in (images, masks))
        if not pictures:
            self.problems.append(f'{images}: holds no {" or ".join(suffixes)}')
            return []  # a folder without images is one problem, not one a mask
        self.problems += [
            f'{path}: no mask for this image in {masks}'
            for name, path in pictures.items()
            if name not in drawn
        ]
        self.problems += [
            f'{path}: no image for this mask in {images}'
            for name, path in drawn.items()
            if name not in pictures
        ]
        return [(path, drawn[name]) for name, path in pictures.items() if name in drawn]

    def _by_name(
        self, folder: Path, suffixes: Sequence[str], key: Callable[[str], str]
    ) -> dict[str, Path]:
        """Files of a folder by what their stems have in common with their partners'."""
        found: dict[str, Path] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in suffixes or path.name.startswith('.'):
                continue
            first = found.setdefault(key(path.stem), path)
            if first is not path:
                self.problems.append(f'{path}: goes by the same name as {first.name}')
        return found


def check_same_shape(shapes: Mapping[Path, tuple[int, ...]]) -> tuple[int, int]:
    """The rows and columns that all files of a tile have.

    Raises:
        InputError: They differ; every file is named with its size.
    """
    if len(set(shapes.values())) > 1:
        told = ', '.join(f'{path} {_size(shape)}' for path, shape in shapes.items())
        raise InputError(f'sizes of one tile differ: {told}')
    rows, cols = next(iter(shapes.values()))
    return rows, cols


def _size(shape: Sequence[int]) -> str:
    return ' x '.join(map(str, shape))
