"""Take modalities away: at random in training, on purpose in testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from fusionls.errors import LayerMissingError, nearest_names
from fusionls.registry import TRANSFORMS


def chance_of(probability: float | Mapping[str, float], modality: str) -> float:
    """A probability given for all modalities, or by name: 0 for those not named."""
    if isinstance(probability, float | int):
        return float(probability)
    return float(probability.get(modality, 0.0))


@TRANSFORMS.register_module()
class DropModalities(BaseTransform):
    """Drop whole modalities at random, so that a model learns to do without any of them.

    Source: ModDrop, Neverova et al. 2016, sec. 3.3; here a dropped modality is absent, not zero.
    At least one modality with a valid pixel always stays.

    Required Keys: inputs, rng

    Modified Keys: inputs

    Args:
        probability: Of dropping each modality, one number for all or one per name.
    """

    def __init__(self, *, probability: float | Mapping[str, float]) -> None:
        self.probability = probability

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Drop; see the class."""
        rng: np.random.Generator = results['rng']
        inputs = results['inputs']
        dropped = {m for m in sorted(inputs) if rng.random() < chance_of(self.probability, m)}
        able = [m for m in sorted(inputs) if inputs[m][1].any()]
        if able and not set(able) - dropped:
            dropped.discard(able[int(rng.integers(len(able)))])
        results['inputs'] = {m: given for m, given in inputs.items() if m not in dropped}
        return results


@TRANSFORMS.register_module()
class KeepModalities(BaseTransform):
    """Keep only the modalities named: a test without the others.

    Required Keys: inputs

    Modified Keys: inputs

    Args:
        names: Modalities to keep.
    """

    def __init__(self, *, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Keep; see the class."""
        unknown = sorted(set(self.names) - set(results['inputs']))
        if unknown:
            raise LayerMissingError(
                f'no modality {unknown}; {nearest_names(unknown[0], results["inputs"])}'
            )
        results['inputs'] = {m: g for m, g in results['inputs'].items() if m in self.names}
        return results
