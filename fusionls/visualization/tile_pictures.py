"""Pictures of single tiles: what each modality showed, the probability, and what was wrong.

Flow: evaluation.metrics.TileGallery -> [here] -> PNG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fusionls.errors import InputError
from fusionls.evaluation.functional.confusion import UNMAPPED
from fusionls.evaluation.shown_tile import ShownTile
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.visualization.drawing import (
    NO_DATA,
    RGB,
    TRUTH,
    limits,
    save_png,
    stretched,
    with_opacity,
)

DPI = 110
PANEL_INCHES = 2.2
TELLING = ('hillshade', 'velocity', 'slope', 'relief')
"""Parts of layer names, the most telling first, of a modality that has no colours."""
OUTCOMES = {'found': '#1b9e77', 'missed': '#d95f02', 'false alarm': '#7570b3'}


def draw_tiles(
    groups: Mapping[str, Sequence[ShownTile]],
    layers: Mapping[str, Sequence[str]],
    out: str | Path,
    *,
    title: str = '',
) -> Path:
    """Draw a row per tile: every modality, the probability, and right and wrong pixels.

    Args:
        groups: Tiles by what they are (``best``, ``worst``), drawn one below the other.
        layers: Layer names by modality, in channel order.
        out: ``.png`` to write.
        title: Heading.

    Returns:
        ``out``.

    Raises:
        InputError: There is no tile, or ``out`` is no PNG.
    """
    rows = [(group, tile) for group, tiles in groups.items() for tile in tiles]
    if not rows:
        raise InputError(f'{out}: no tile shows enough of landslides for a picture')
    present = {modality for _, tile in rows for modality in tile.inputs}
    shown = [*(m for m in layers if m in present), *sorted(present - set(layers))]
    columns = len(shown) + 2
    size = (columns * PANEL_INCHES, len(rows) * (PANEL_INCHES + 0.25) + 0.7)
    figure = Figure(figsize=size, dpi=DPI, layout='constrained')
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for (group, tile), line in zip(rows, axes, strict=True):
        line[0].set_ylabel(f'{group}, F1 {tile.f1:.2f}', fontsize=8)
        for place, modality in zip(line, shown, strict=False):
            _draw_modality(place, tile, modality, layers.get(modality, ()))
        _draw_probability(line[-2], tile)
        _draw_outcome(line[-1], tile)
        line[-1].set_xlabel(tile.name, fontsize=6)
        for place in line:
            place.set_xticks([])
            place.set_yticks([])
    handles = [Patch(color=colour, label=name) for name, colour in OUTCOMES.items()]
    handles += [Patch(color=TRUTH, label='outline of the truth')]
    handles += [Patch(color=NO_DATA, label='no data, not mapped')]
    figure.legend(handles=handles, loc='outside lower center', ncols=len(handles), fontsize=7)
    return save_png(figure, out, title)


def _draw_modality(axes: Axes, tile: ShownTile, modality: str, names: Sequence[str]) -> None:
    """Colours where the modality has them, else its most telling layer in grey."""
    axes.set_facecolor(NO_DATA)
    height, width = tile.truth.shape
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    axes.set_aspect('equal')
    if modality not in tile.inputs:
        axes.set_title(f'{modality}: absent', fontsize=7)
        return
    values, valid = tile.inputs[modality]
    bands = np.where(valid, values, np.nan)
    if set(RGB) <= set(names):
        colour = np.stack([stretched(bands[list(names).index(band)]) for band in RGB], axis=-1)
        axes.imshow(with_opacity(colour), extent=extent, interpolation='nearest')
        axes.set_title(modality, fontsize=7)
    else:
        channel = _telling(names)
        low, high = limits(bands[channel])
        axes.imshow(
            bands[channel], extent=extent, interpolation='nearest', cmap='gray', vmin=low, vmax=high
        )
        axes.set_title(names[channel] if names else modality, fontsize=7)
    _outline(axes, tile.truth == 1)


def _telling(names: Sequence[str]) -> int:
    """Channel of the layer in which a landslide shows best."""
    for part in TELLING:
        for channel, name in enumerate(names):
            if part in name:
                return channel
    return 0


def _draw_probability(axes: Axes, tile: ShownTile) -> None:
    axes.imshow(tile.probability, cmap='magma', vmin=0, vmax=1, interpolation='nearest')
    axes.set_title('probability, 0 to 1', fontsize=7)
    _outline(axes, tile.truth == 1)


def _draw_outcome(axes: Axes, tile: ShownTile) -> None:
    true, found = tile.truth == 1, tile.predicted
    unmapped = tile.truth == UNMAPPED
    image = np.ones((*tile.truth.shape, 3), np.float32)
    for name, where in (
        ('found', true & found),
        ('missed', true & ~found),
        ('false alarm', ~true & found & ~unmapped),
    ):
        image[where] = _rgb(OUTCOMES[name])
    image[unmapped] = _rgb(NO_DATA)
    axes.imshow(image, interpolation='nearest')
    axes.set_title('right and wrong', fontsize=7)


def _outline(axes: Axes, mask: BoolArray) -> None:
    if mask.any():
        padded = np.pad(mask, 1)  # so that outlines close at the edge of the tile
        rows, cols = (np.arange(length) - 1.0 for length in padded.shape)
        axes.contour(cols, rows, padded, [0.5], colors=TRUTH, linewidths=0.8)


def _rgb(colour: str) -> FloatArray:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array(parts, np.float32)
