"""Which windows of a scene become tiles, found without reading what need not be read.

Flow: datasets.tiling (windows) -> [here] -> datasets.tile_dataset.
Whose ground a window is costs nothing to know, labels are one byte a pixel, layers are what is
large. So they are asked in this order, and of the modalities the cheapest first; reading ends
when enough pixels of the tile are known to be valid. A modality that is valid everywhere (a stack
states its valid share) is not read at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fusionls.datasets.splits import SplitMap
from fusionls.geo.raster import any_valid
from fusionls.geo.window import Window
from fusionls.sources.mapped_landslides import LANDSLIDE, UNMAPPED

if TYPE_CHECKING:
    from fusionls.datasets.tile_dataset import Scene


@dataclass(frozen=True)
class IndexedTile:
    """A window that becomes a tile.

    Attributes:
        window: Base pixels.
        landslide: Share of its pixels that are landslide, on the split's ground.
    """

    window: Window
    landslide: float


def indexed_tiles(
    scene: Scene,
    owners: SplitMap | None,
    split: str,
    windows: Iterable[Window],
    least: float,
    modalities: Iterable[str],
) -> Iterator[IndexedTile]:
    """The windows with enough pixels that are the split's, labelled, and valid somewhere.

    Args:
        scene: What tiles are cut from.
        owners: Whose ground is whose; None where all is the split's.
        split: ``'train'``, ``'val'`` or ``'all'``.
        windows: In the order they shall come.
        least: Share of a window's pixels that must be so, > 0.
        modalities: Those that are shown.
    """
    parts = {name: scene.modalities[name] for name in modalities}
    cheapest = sorted(parts, key=lambda name: len(parts[name].layers) / parts[name].factor ** 2)
    whole = any(getattr(part, 'valid_share', 0.0) == 1.0 for part in parts.values())
    for window in windows:
        own = None if owners is None else owners.allowed(window, split)
        if own is not None and own.mean() < least:
            continue
        labels = scene.read_labels(window)
        counts = labels != UNMAPPED
        if own is not None:
            counts &= own
        if counts.mean() < least:
            continue
        # beyond the grid nothing is valid, but nothing is labelled there either
        if whole or _enough_valid(scene, window, cheapest, counts, least):
            yield IndexedTile(window, float(((labels == LANDSLIDE) & counts).mean()))


def _enough_valid(
    scene: Scene, window: Window, cheapest: Iterable[str], counts: Any, least: float
) -> bool:
    """Whether enough of the pixels that count are valid in one modality at least."""
    seen = np.zeros(counts.shape, bool)
    for name in cheapest:
        seen |= any_valid(scene.read(window, [name]), counts.shape)
        if (seen & counts).mean() >= least:
            return True
    return False


def share_within(
    scene: Scene, window: Window, ranges: Mapping[str, tuple[float | None, float | None]]
) -> float:
    """Share of a window whose layers all lie within their ranges: steep and bare, say.

    Args:
        scene: What tiles are cut from.
        window: Base pixels.
        ranges: Least and most by layer name, in the layer's unit; None for no bound. Pixels
            where one of the layers is invalid are not within; nothing is where one is missing.
    """
    if set(ranges) - {layer for part in scene.modalities.values() for layer in part.layers}:
        return 0.0
    within = np.ones((window.height, window.width), bool)
    for name, modality in scene.modalities.items():
        asked = [layer for layer in modality.layers if layer in ranges]
        if not asked:
            continue
        shown = scene.read(window, [name])
        if name not in shown:  # this tile of a set lacks the modality
            return 0.0
        values, valid = shown[name]
        inside = valid.copy()
        for layer in asked:
            plane, (low, high) = values[list(modality.layers).index(layer)], ranges[layer]
            inside &= (plane >= (-np.inf if low is None else low)) & (
                plane <= (np.inf if high is None else high)
            )
        within &= inside.repeat(modality.factor, 0).repeat(modality.factor, 1)
    return float(within.mean())
