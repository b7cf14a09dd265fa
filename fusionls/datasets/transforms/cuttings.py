"""Cut a landslide out of a tile, and fit its heights to other ground.

Source: inverse distance weights, Shepard 1968, A two-dimensional interpolation function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.datasets.tile_dataset import UNLABELLED
from fusionls.geo.raster import BoolArray, FloatArray

RING = 2
"""Pixels around a landslide, of the coarsest modality, that its heights are fitted to."""
_NODES = 64  # pixels of the ring that heights are fitted to, at most


@dataclass(frozen=True)
class Cutting:
    """A landslide cut out of a tile.

    Attributes:
        mask: (h, w) base pixels; a box around the landslide whose sides are whole coarse pixels.
        row: Where the box begins in its tile, base pixels.
        col: The same.
    """

    mask: BoolArray
    row: int
    col: int

    def at(self, row: int, col: int, factor: int) -> tuple[slice, slice]:
        """Pixels of a modality under the box when it stands there."""
        rows, cols = self.mask.shape
        return (
            slice(row // factor, (row + rows) // factor),
            slice(col // factor, (col + cols) // factor),
        )

    def of(self, factor: int) -> BoolArray:
        """Pixels of a modality that are landslide by half at least."""
        rows, cols = (n // factor for n in self.mask.shape)
        share: BoolArray = self.mask.reshape(rows, factor, cols, factor).mean((1, 3)) >= 0.5
        return share


def cut_out(
    labels: NDArray[np.uint8], step: int, least_pixels: int, rng: np.random.Generator
) -> Cutting | None:
    """One of the landslides that lie whole inside a tile, each as likely; None without any.

    One that touches ground nobody mapped is not known to be whole.

    Args:
        labels: (H, W); 1 landslide, 255 not mapped.
        step: Coarsest pixel, base pixels; the box lies on multiples of it.
        least_pixels: Smaller ones do not count.
        rng: Source of randomness.
    """
    numbered, _ = ndimage.label(labels == 1, structure=np.ones((3, 3)))
    boxes = []
    for number, box in enumerate(ndimage.find_objects(numbered), start=1):
        margin = RING * step
        top, left = (max((s.start // step) * step - margin, -1) for s in box)
        bottom, right = (-(-s.stop // step) * step + margin for s in box)
        if top < 0 or left < 0 or bottom > labels.shape[0] or right > labels.shape[1]:
            continue
        mask = numbered[top:bottom, left:right] == number
        around = ndimage.binary_dilation(mask, np.ones((3, 3)))
        cut_off = (labels[top:bottom, left:right][around] == UNLABELLED).any()
        if mask.sum() >= least_pixels and not cut_off:
            boxes.append(Cutting(mask, top, left))
    return boxes[int(rng.integers(len(boxes)))] if boxes else None


def put_on(theirs: FloatArray, ours: FloatArray, sound: BoolArray, mask: BoolArray) -> FloatArray:
    """Heights of a landslide moved so that they meet the ground around another place.

    The difference around the landslide is fitted by a plane, and what is left of it fades inward
    by inverse squared distance (Shepard 1968), so that no step is left at the rim.

    Args:
        theirs: (h, w) heights where the landslide lies.
        ours: (h, w) heights where it is put.
        sound: (h, w) both are valid.
        mask: (h, w) the landslide.

    Returns:
        (h, w) heights to be pasted where ``mask`` is.
    """
    ring = ndimage.binary_dilation(mask, iterations=RING) & ~mask & sound
    at = np.argwhere(ring)
    if len(at) < 3:
        return theirs
    at = at[:: -(-len(at) // _NODES)]
    apart = (ours - theirs)[tuple(at.T)].astype(np.float64)
    middle = at.mean(0)

    def plane_terms(points: NDArray[Any]) -> NDArray[np.float64]:
        return np.column_stack([np.ones(len(points)), points - middle])

    plane = np.linalg.lstsq(plane_terms(at), apart, rcond=None)[0]
    left = apart - plane_terms(at) @ plane
    inside = np.argwhere(mask)
    weights = 1 / ((inside[:, None] - at[None]) ** 2).sum(2)
    moved = plane_terms(inside) @ plane + weights @ left / weights.sum(1)
    found = theirs.copy()
    found[mask] += moved.astype(np.float32)
    return found
