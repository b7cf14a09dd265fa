"""A scene small enough to look at: layers averaged over blocks, read strip by strip.

Flow: stack, probability map -> [here] -> visualization.panels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import opened
from fusionls.geo.window import Window
from fusionls.stack.layer_stack import UNMAPPED, LayerStack

STRIP_PIXELS = 4_000_000  # base pixels read at a time, so that wide scenes do not take more


def block_side(shape: tuple[int, int], max_side: int) -> int:
    """Side of the blocks that bring ``shape`` down to at most ``max_side`` pixels a side."""
    return max(1, math.ceil(max(shape) / max_side))


def layer_previews(
    stack: LayerStack, layers: Sequence[str], max_side: int
) -> dict[str, FloatArray]:
    """Read layers, averaged over blocks of valid pixels.

    Args:
        stack: The scene.
        layers: Layer names, of any modalities.
        max_side: Largest number of rows or columns of a preview.

    Returns:
        By layer (h', w') float32 in the layer's unit, NaN where a block has no valid pixel; the
        last row and column may reach beyond the scene. A modality with large pixels is not
        enlarged.
    """
    sides = preview_sides(stack, max_side)
    homes = {layer: _home(stack, layer) for layer in layers}
    names = sorted(set(homes.values()))
    parts: dict[str, list[FloatArray]] = {layer: [] for layer in layers}
    # every strip holds whole blocks of every modality asked for
    unit = math.lcm(
        stack.coarsest, *(sides[name] * stack.modalities[name].factor for name in names)
    )
    for strip in _strips(stack, unit):
        sample = stack.read(strip, names)
        for layer, name in homes.items():
            values, valid = sample[name]
            index = stack.modalities[name].layers.index(layer)
            parts[layer].append(_block_mean(values[index], valid, sides[name]))
    return {
        layer: np.concatenate(rows)[
            : -(-stack.modalities[homes[layer]].grid.rows // sides[homes[layer]])
        ]
        for layer, rows in parts.items()
    }


def preview_sides(stack: LayerStack, max_side: int) -> dict[str, int]:
    """Side of a preview pixel by modality, in pixels of that modality."""
    return {
        name: block_side(modality.grid.shape, max_side)
        for name, modality in stack.modalities.items()
    }


def label_preview(stack: LayerStack, max_side: int) -> NDArray[np.uint8]:
    """Read the labels: 1 where a block has a landslide pixel, 255 where none of it is mapped."""
    side = block_side(stack.grid.shape, max_side)
    rows = []
    for strip in _strips(stack, math.lcm(stack.coarsest, side)):
        blocks = _blocks(stack.read_labels(strip), side, UNMAPPED)
        found = np.where((blocks == UNMAPPED).all(axis=(1, 3)), UNMAPPED, 0)
        rows.append(np.where((blocks == 1).any(axis=(1, 3)), 1, found).astype(np.uint8))
    return np.concatenate(rows)[: -(-stack.grid.rows // side)]


def probability_preview(path: str | Path, max_side: int) -> FloatArray:
    """Read the first band of a raster, averaged over valid pixels; NaN where there is none."""
    with opened(path) as dataset:
        side = block_side(dataset.shape, max_side)
        shape = (max(dataset.height // side, 1), max(dataset.width // side, 1))
        found = dataset.read(1, out_shape=shape, resampling=Resampling.average, masked=True)
    filled: FloatArray = found.astype(np.float32).filled(np.nan)
    return filled


def _home(stack: LayerStack, layer: str) -> str:
    return next(name for name, m in stack.modalities.items() if layer in m.layers)


def _strips(stack: LayerStack, unit: int) -> list[Window]:
    height = max(STRIP_PIXELS // (stack.grid.cols * unit), 1) * unit
    return [Window(row, 0, height, stack.grid.cols) for row in range(0, stack.grid.rows, height)]


def _blocks(values: NDArray[np.generic], side: int, fill: float) -> NDArray[np.generic]:
    """Reshape (H, W) to (H', side, W', side), filled at the lower and right edge."""
    rows, cols = (-(-length // side) for length in values.shape)
    margin = ((0, rows * side - values.shape[0]), (0, cols * side - values.shape[1]))
    return np.pad(values, margin, constant_values=fill).reshape(rows, side, cols, side)


def _block_mean(values: FloatArray, valid: BoolArray, side: int) -> FloatArray:
    count = _blocks(valid, side, False).sum(axis=(1, 3))
    total = _blocks(np.where(valid, values, 0), side, 0).sum(axis=(1, 3), dtype=np.float64)
    with np.errstate(invalid='ignore'):  # 0 / 0 is the NaN of a block without data
        mean: FloatArray = (total / count).astype(np.float32)
    return mean
