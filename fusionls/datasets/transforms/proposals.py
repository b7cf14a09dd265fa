"""Boxes proposed from the layers of a tile, for detectors that propose none themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.datasets.selective_search import selective_search
from fusionls.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ProposeBoxes(BaseTransform):
    """Propose boxes by selective search over all layers that are shown.

    Put behind whatever changes the geometry or the values, before the packing.

    Required Keys: inputs, labels

    Added Keys: proposals, (n, 4) left, top, right, bottom, base pixels

    Args:
        most: Boxes at most; the smallest groupings go first.
    """

    def __init__(self, *, most: int = 500) -> None:
        self.most = most

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Propose; see the class."""
        rows = len(results['labels'])
        layers, valid = [], []
        for values, seen in results['inputs'].values():
            factor = rows // seen.shape[0]
            layers.append(np.repeat(np.repeat(values, factor, axis=1), factor, axis=2))
            on_base = np.repeat(np.repeat(seen, factor, axis=0), factor, axis=1)
            valid.append(np.broadcast_to(on_base, layers[-1].shape))
        boxes = selective_search(np.concatenate(layers), np.concatenate(valid))
        results['proposals'] = boxes[: self.most]
        return results
