"""Mean and deviation per layer, from training tiles only, robust to outliers.

Values are first clipped to fences: their 5 and 95 percentiles, moved outwards by the distance
between the two (after the outer fences of Tukey 1977, "Exploratory Data Analysis", ch. 2, with
wider percentiles for the skewed layers of terrain). Normal values reach them once in a million,
so mean and deviation of clean data stay what they are, while up to 5 % of wild pixels on either
side (a stripe of -1e9, a glaring roof) move neither by much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from fusionls.errors import AllInvalidError, raise_together
from fusionls.geo.raster import BoolArray, FloatArray

PERCENTILES = (5.0, 95.0)
"""Between these lies the body of the values; the fences stand one body's width outside of it."""


def layer_statistics(
    tiles: Iterable[Mapping[str, tuple[FloatArray, BoolArray]]],
    layers: Mapping[str, Sequence[str]],
    pixels_per_tile: int = 2048,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Mean and deviation of each layer over valid pixels, clipped to its fences.

    Args:
        tiles: Per tile ``{modality: (values (C, h, w), valid (h, w) or (1, h, w))}``.
        layers: Layer names per modality, in channel order.
        pixels_per_tile: So many valid pixels are drawn from each tile, or all if there are fewer.
        seed: Of the draw.

    Returns:
        ``{layer: (mean, deviation)}`` in the layer's unit; a constant layer has deviation 1.

    Raises:
        AllInvalidError: A modality has no valid pixel in any tile.
    """
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[FloatArray]] = {modality: [] for modality in layers}
    for tile in tiles:
        for modality in layers:
            if modality not in tile:
                continue
            values, valid = tile[modality]
            flat = values.reshape(len(values), -1)[:, np.asarray(valid).reshape(-1)]  # (C, n)
            if flat.shape[1] > pixels_per_tile:
                flat = flat[:, rng.choice(flat.shape[1], pixels_per_tile, replace=False)]
            if flat.shape[1]:
                drawn[modality].append(flat)
    raise_together(
        AllInvalidError,
        'layer statistics cannot be taken',
        [f'{m}: no valid pixel in any training tile' for m, parts in drawn.items() if not parts],
        'Leave the modality out of the config, or check its source with tools/build_stack.py.',
    )
    statistics = {}
    for modality, names in layers.items():
        values = np.concatenate(drawn[modality], axis=1).astype(np.float64)  # (C, n)
        low, high = np.percentile(values, PERCENTILES, axis=1, keepdims=True)
        width = high - low
        # a layer that is one number nearly everywhere has no body: nothing tells what is wild
        width[width == 0] = np.inf
        clipped = values.clip(low - width, high + width)
        for name, mean, deviation in zip(names, clipped.mean(1), clipped.std(1), strict=True):
            scale = float(deviation) if deviation > 1e-12 * max(1.0, abs(mean)) else 1.0
            statistics[name] = (float(mean), scale)
    return statistics
