"""Loose tiles of pictures (PNG, TIFF, GeoTIFF): one file a modality, and one for the mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.datasets.loose_tiles import (
    BINARY,
    Finding,
    Inputs,
    Labels,
    LooseTile,
    check_same_shape,
    decoded_labels,
    masked,
)
from fusionls.errors import BandCountError
from fusionls.geo.raster_io import opened, read_bands


@dataclass(frozen=True)
class Picture:
    """A picture that holds one modality.

    Attributes:
        path: The file.
        bands: Band of each layer, from 1.
        nodata: A value that means invalid beside what the file declares.
    """

    path: Path
    bands: tuple[int, ...]
    nodata: float | None = None


@dataclass(frozen=True, kw_only=True)
class PictureTile(LooseTile):
    """A tile of pictures.

    Attributes:
        pictures: By modality.
        mask: One band; None where the tile is published as free of landslides.
        codes: Label by value of the mask.
    """

    pictures: Mapping[str, Picture]
    mask: Path | None = None
    codes: Mapping[int, int] = field(default_factory=lambda: BINARY)

    def load(self, modalities: Sequence[str]) -> Inputs:
        """See :class:`LooseTile`."""
        inputs: Inputs = {}
        for modality in modalities:
            picture = self.pictures[modality]
            with opened(picture.path) as dataset:
                inputs[modality] = masked(
                    *read_bands(dataset, picture.bands, nodata=picture.nodata)
                )
        return inputs

    def load_labels(self) -> Labels:
        """See :class:`LooseTile`."""
        if self.mask is None:
            return np.zeros(self.shape, np.uint8)
        with opened(self.mask) as dataset:
            # its nodata is the background, if it declares any
            values, _ = read_bands(dataset, [1], use_mask=False)
        return decoded_labels(values[0], self.codes, self.mask)


def picture_shape(path: Path, bands: Sequence[int] = (1,)) -> tuple[int, int]:
    """Rows and columns of a picture, from its header.

    Raises:
        FileMissingError: There is no such file.
        NotARasterError: It is no picture.
        BandCountError: It lacks one of ``bands``.
    """
    with opened(path) as dataset:
        if dataset.count < max(bands):
            raise BandCountError(
                f'{path}: has {dataset.count} bands; expected {max(bands)} at least'
            )
        return int(dataset.height), int(dataset.width)


def picture_tile(
    name: str,
    pictures: Mapping[str, Picture],
    mask: Path | None,
    **told: Any,
) -> PictureTile:
    """A tile from its files, whose headers are looked at.

    Args:
        name: Of the tile.
        pictures: By modality.
        mask: Or None, see :class:`PictureTile`.
        **told: Further attributes of :class:`PictureTile`.

    Raises:
        InputError: A file is missing, no picture, lacks bands, or is of another size.
    """
    shapes = {p.path: picture_shape(p.path, p.bands) for p in pictures.values()}
    if mask is not None:
        shapes[mask] = picture_shape(mask)
    return PictureTile(
        name=name,
        shape=check_same_shape(shapes),
        pictures=pictures,
        mask=mask,
        present=frozenset(pictures),
        files=tuple(shapes),
        **told,
    )


def tiles_of_folders(
    images: Path,
    masks: Path,
    suffixes: Sequence[str],
    make: Callable[[Path, Path], LooseTile],
    key: Callable[[str], str] = str,
) -> Finding:
    """Tiles of a folder of images and one of masks.

    Args:
        images: Folder.
        masks: Folder.
        suffixes: Of the files, lower case.
        make: Tile of an image and its mask; its errors are noted.
        key: What the stems of an image and of its mask have in common.
    """
    finding = Finding()
    if not finding.folders(images, masks):
        return finding
    for image, mask in finding.paired(images, masks, suffixes, key):
        with finding.noting():
            finding.tiles.append(make(image, mask))
    return finding


def joined(findings: Iterable[Finding]) -> Finding:
    """Several findings as one."""
    together = Finding()
    for finding in findings:
        together.tiles += finding.tiles
        together.problems += finding.problems
        together.doubts += finding.doubts
    return together
