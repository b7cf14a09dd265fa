"""Is InSAR zero where nothing moves, and which way is positive? Guesses from the numbers alone.

Flow: stack.sample of a line-of-sight velocity, m/yr -> [here] -> findings.
Stable ground is most of a scene: its velocity is the mode of the distribution. What moves leaves
a tail on one side: away from the satellite where ground subsides or slides down a slope that
faces it. A tail on the other side is uplift, a slope that faces away, or a file that counts
motion away from the satellite as positive; the numbers alone cannot tell these apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fusionls.stack.inspection.findings import Finding, Severity
from fusionls.stack.sample import Sample

MOTION = 'insar_velocity_los'
LEAST_PIXELS = 500
FASTEST = 1.0
"""m/yr: what nearly all InSAR is slower than."""
OFFSET = 0.005
"""m/yr: velocity of stable ground from which an offset is told; InSAR knows 1 to 2 mm/yr."""
TAIL = 5.0
"""Deviations of stable ground beyond which a pixel moves."""
ONE_SIDED = 3.0
"""Times as much motion on one side as on the other that gives the sign away."""
LEAST_MOVING = 0.002
"""Share of pixels that must move for the sign to be guessed at."""
_QUARTER = 0.31864  # deviations: a quarter of a normal distribution lies nearer to its middle


def stable_velocity(values: NDArray[np.floating]) -> tuple[float, float]:
    """Mode of a distribution and its deviation: the half-sample mode, Bickel and Fruehwirth 2006.

    Args:
        values: (n,), m/yr.

    Returns:
        The mode, and the deviation of a normal distribution whose nearest quarter lies as near
        to the mode: up to three quarters of all pixels may move.
    """
    left = np.sort(values.astype(np.float64))
    while left.size > 3:
        half = (left.size + 1) // 2
        widths = left[half - 1 :] - left[: left.size - half + 1]
        start = int(widths.argmin())
        left = left[start : start + half]
    mode = float(left.mean())
    return mode, float(np.percentile(np.abs(values - mode), 25)) / _QUARTER


def motion_findings(sample: Sample, referenced: bool = False) -> Iterator[Finding]:
    """Offset of stable ground, and which side the motion is on.

    Args:
        sample: Of layers in canonical units.
        referenced: Whether somebody has chosen where it is zero.
    """
    for band, layer in enumerate(sample.bands):
        if not layer.startswith(MOTION):
            continue
        values = sample.likely(band)
        if values.size < LEAST_PIXELS:
            continue
        if np.percentile(np.abs(values), 99) > FASTEST:
            values = values * np.float32(0.001)  # in mm/yr, as inspection.meaning says
        mode, deviation = stable_velocity(values)
        if abs(mode) > OFFSET:
            yield Finding(
                Severity.NOTE if referenced else Severity.WARNING,
                sample.subject,
                'reference',
                f'{layer}: stable ground moves at {1000 * mode:+.1f} mm/yr; expected about 0: the '
                'velocities are relative to a reference that moves itself, or is not taken off',
                'Name stable ground: reference: {...} of the InSAR products (docs/products.md).',
            )
        away = float((values < mode - TAIL * deviation).mean())
        toward = float((values > mode + TAIL * deviation).mean())
        if max(away, toward) < LEAST_MOVING:
            continue
        if toward > ONE_SIDED * away:
            yield Finding(
                Severity.NOTE,
                sample.subject,
                'sign',
                f'{layer}: {toward:.1%} of the pixels move toward the satellite and {away:.1%} '
                'away from it: uplift, slopes that face away from it, or a file that counts '
                'motion away as positive',
                'If nothing rises there, say positive: away of the source.',
            )
        elif away > ONE_SIDED * toward:
            yield Finding(
                Severity.NOTE,
                sample.subject,
                'sign',
                f'{layer}: {away:.1%} of the pixels move away from the satellite and '
                f'{toward:.1%} toward it, as subsidence and most landslides do',
            )
