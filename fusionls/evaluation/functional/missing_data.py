"""What a model loses when data are missing: the table of the missing-data protocol.

Flow: scores per pattern (engine.MissingDataLoop) -> [here] -> Markdown, JSON.
Source: averages over each family of patterns and the loss against all data, as in the benchmark on
DELIVER (Liao et al. 2025, table 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PatternScore:
    """The score of a model under one pattern.

    Attributes:
        name: Of the pattern.
        family: ``'nothing'``, ``'modality'``, ``'holes'`` or ``'noise'``.
        hidden: How many modalities are not shown.
        level: Share of missing pixels, or deviations of noise.
        score: F1 of landslides, say; 0 to 1.
    """

    name: str
    family: str
    hidden: int
    level: float
    score: float


@dataclass(frozen=True)
class MissingDataSummary:
    """Means of a score by family, and what they lose.

    Attributes:
        full: With all data.
        one_missing: Mean over the patterns in which one modality is missing.
        subsets: Mean over all patterns in which modalities are missing.
        holes: Mean over the shares of holes.
        noise: Mean over the levels of noise.
        worst: Name of the pattern with the lowest score, and that score.
    """

    full: float
    one_missing: float
    subsets: float
    holes: float
    noise: float
    worst: tuple[str, float]

    @property
    def loss_one_missing(self) -> float:
        """Share of the full score that is lost on average with one modality missing."""
        return 1.0 - self.one_missing / self.full if self.full > 0 else math.nan

    @property
    def missing(self) -> float:
        """Mean over subsets, holes and noise, each family counting once."""
        known = [v for v in (self.subsets, self.holes, self.noise) if not math.isnan(v)]
        return math.fsum(known) / len(known) if known else math.nan


def summary(scores: Sequence[PatternScore]) -> MissingDataSummary:
    """Means by family; NaN where there is no pattern of a family.

    Raises:
        ValueError: No pattern shows all data, or more than one does.
    """
    full = [s.score for s in scores if s.family == 'nothing']
    if len(full) != 1:
        raise ValueError(f'expected one pattern with all data, got {len(full)}')
    worst = min(scores, key=lambda s: s.score)
    return MissingDataSummary(
        full=full[0],
        one_missing=_mean(s for s in scores if s.family == 'modality' and s.hidden == 1),
        subsets=_mean(s for s in scores if s.family == 'modality'),
        holes=_mean(s for s in scores if s.family == 'holes'),
        noise=_mean(s for s in scores if s.family == 'noise'),
        worst=(worst.name, worst.score),
    )


def missing_data_table(
    scores: Sequence[PatternScore], others: Mapping[str, Sequence[float]]
) -> str:
    """Markdown: a row per pattern with F1, what it loses, and other scores beside.

    Args:
        scores: F1 per pattern.
        others: Further scores by name, each one number per pattern, in the same order.
    """
    found = summary(scores)
    head = ['what is missing', 'F1', 'of all data', *others]
    lines = [f'| {" | ".join(head)} |', '|---|' + '---:|' * (len(head) - 1)]
    for number, row in enumerate(scores):
        kept = f'{row.score / found.full:.0%}' if found.full > 0 else 'nan'
        beside = [f'{values[number]:.3f}' for values in others.values()]
        lines.append(f'| {row.name} | {" | ".join([f"{row.score:.3f}", kept, *beside])} |')
    lines += [
        '',
        f'All data {found.full:.3f}; one modality missing, mean {found.one_missing:.3f} '
        f'({found.loss_one_missing:.1%} less); all subsets {found.subsets:.3f}; '
        f'holes {found.holes:.3f}; noise {found.noise:.3f}. '
        f'Worst: {found.worst[0]}, {found.worst[1]:.3f}.',
    ]
    return '\n'.join(lines) + '\n'


def _mean(scores: Iterable[PatternScore]) -> float:
    values = [s.score for s in scores]
    return math.fsum(values) / len(values) if values else math.nan
