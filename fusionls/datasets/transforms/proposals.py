"""Boxes proposed from the layers of a tile, for detectors that propose none themselves."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.datasets.selective_search import selective_search
from fusionls.geo.raster import FloatArray
from fusionls.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ProposeBoxes(BaseTransform):
    """Propose boxes by selective search over all layers together, and over each modality alone.

    The paper (see ``datasets.selective_search``) groups in several colour spaces, for what one of
    them joins another tells apart (sec. 3.2); here sensors take their place. The boxes of all
    groupings are taken in turns, from the last grouping of each back to its first regions.

    Put behind whatever changes the geometry or the values, before the packing.

    Required Keys: inputs, labels

    Added Keys: proposals, (n, 4) left, top, right, bottom, base pixels; no box twice

    Args:
        most: Boxes at most; those of the smallest groupings are dropped first.
    """

    def __init__(self, *, most: int = 250) -> None:
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
        groupings = [selective_search(np.concatenate(layers), np.concatenate(valid))]
        if len(layers) > 1:
            groupings += map(selective_search, layers, valid)
        results['proposals'] = _in_turns(groupings)[: self.most]
        return results


def _in_turns(groupings: list[FloatArray]) -> FloatArray:
    """(n, 4) the first box of each, the second of each and so on; no box twice."""
    turns = chain.from_iterable(zip_longest(*(map(tuple, boxes) for boxes in groupings)))
    return np.array(list(dict.fromkeys(box for box in turns if box is not None)), np.float32)
