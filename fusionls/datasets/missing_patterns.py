"""What can be missing in a test: every subset of the modalities, holes, noise.

Flow: a config's layers -> [here] -> engine.MissingDataLoop, which tests a model under each.
Source: the three families of the missing-modality benchmark on DELIVER, Liao et al. 2025
("Benchmarking Multi-modal Semantic Segmentation under Sensor Failures", CVPR workshops): entire
modalities missing (EMM), random parts missing (RMM), noisy modalities (NM).
Differs: holes are single pixels at a stated share, drawn for each modality on its own; noise is in
deviations of each layer, so that elevations and velocities are disturbed like colours.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fusionls.datasets.transforms.holes import DropPixels
from fusionls.datasets.transforms.modalities import KeepModalities
from fusionls.datasets.transforms.values import NoiseLayers
from fusionls.errors import InputError

HOLE_SHARES = (0.25, 0.5, 0.75)
NOISE_LEVELS = (0.25, 0.5, 1.0)
MOST_MODALITIES = 6
"""Beyond so many, not every subset is tested (63 of them are), but each left out and each alone."""


class Family(StrEnum):
    """What is done to the data."""

    NOTHING = 'nothing'
    MODALITY = 'modality'
    HOLES = 'holes'
    NOISE = 'noise'


@dataclass(frozen=True)
class MissingPattern:
    """One way in which data are missing.

    Attributes:
        name: For tables: ``'all'``, ``'without insar'``, ``'optical alone'``, ``'holes 50 %'``, ...
        family: What is done.
        shown: The modalities that are shown, in the order of the config.
        level: Share of pixels that are missing, or deviations of noise; 0 otherwise.
    """

    name: str
    family: Family
    shown: tuple[str, ...]
    level: float = 0.0

    def transforms(self, deviations: Mapping[str, float]) -> list[dict[str, Any]]:
        """Configs of the transforms that make it so.

        Args:
            deviations: Of each layer, in its unit.
        """
        keep: list[dict[str, Any]] = [dict(type=KeepModalities, names=list(self.shown))]
        if self.family is Family.HOLES:
            keep.append(dict(type=DropPixels, share=self.level))
        elif self.family is Family.NOISE:
            keep.append(dict(type=NoiseLayers, deviation=dict(deviations), level=self.level))
        return keep


def missing_patterns(
    modalities: Sequence[str],
    *,
    hole_shares: Sequence[float] = HOLE_SHARES,
    noise_levels: Sequence[float] = NOISE_LEVELS,
) -> list[MissingPattern]:
    """Everything a model is tested under; the first is all data as they are.

    Args:
        modalities: Those of the model, in the order of the config.
        hole_shares: Shares of pixels that are missing in each modality, in (0, 1).
        noise_levels: Noise, in deviations of each layer, above 0.

    Raises:
        InputError: There is no modality, a share is not within 0 and 1, a level is not positive.
    """
    problems = [f'share {s} of holes' for s in hole_shares if not 0 < s < 1]
    problems += [f'level {a} of noise' for a in noise_levels if not a > 0]
    if not modalities or problems:
        raise InputError(
            f'no protocol for modalities {list(modalities)}: {", ".join(problems) or "none given"};'
            ' shares lie within 0 and 1, levels above 0'
        )
    names = tuple(modalities)
    patterns = [MissingPattern('all', Family.NOTHING, names)]
    sizes = range(len(names) - 1, 0, -1)
    if len(names) > MOST_MODALITIES:
        sizes = [len(names) - 1, 1]  # type: ignore[assignment]
    for size in sizes:
        for shown in itertools.combinations(names, size):
            patterns.append(MissingPattern(subset_name(shown, names), Family.MODALITY, shown))
    patterns += [
        MissingPattern(f'holes {100 * share:g} %', Family.HOLES, names, share)
        for share in hole_shares
    ]
    patterns += [
        MissingPattern(f'noise {level:g} sd', Family.NOISE, names, level) for level in noise_levels
    ]
    return patterns


def subset_name(shown: Sequence[str], modalities: Sequence[str]) -> str:
    """How a subset of modalities is called in tables."""
    hidden = [name for name in modalities if name not in shown]
    if not hidden:
        return 'all'
    if len(shown) == 1:
        return f'{shown[0]} alone'
    return f'without {", ".join(hidden)}'
