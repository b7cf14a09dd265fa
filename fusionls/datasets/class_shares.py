"""Which classes a scene holds, and how much of it each covers."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fusionls.errors import LayerMissingError
from fusionls.geo.window import row_strips
from fusionls.quantities import Kind
from fusionls.stack.layer_stack import LayerStack

STRIP_ROWS = 256


def class_shares(stack: LayerStack) -> dict[str, dict[int, float]]:
    """Share of the valid pixels of each class, by layer of class codes, codes in order.

    Raises:
        LayerMissingError: The stack holds no such layer.
    """
    counted: dict[str, Counter[int]] = {}
    for name, modality in stack.modalities.items():
        coded = {
            i: layer
            for i, layer in enumerate(modality.layers)
            if modality.quantities[layer].kind is Kind.CATEGORICAL
        }
        rows = STRIP_ROWS * stack.coarsest
        for strip in row_strips(*stack.grid.shape, rows) if coded else ():
            values, valid = stack.read(strip, [name])[name]
            for i, layer in coded.items():
                codes, counts = np.unique(values[i][valid], return_counts=True)
                found = dict(zip(codes.astype(int).tolist(), counts.tolist(), strict=True))
                counted.setdefault(layer, Counter()).update(found)
    if not counted:
        raise LayerMissingError(
            f'{stack.folder}: holds no layer of classes; declare one in the scene description '
            '(kind: categorical)'
        )
    return {
        layer: {code: found[code] / found.total() for code in sorted(found)}
        for layer, found in counted.items()
    }
