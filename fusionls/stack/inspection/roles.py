"""What a bare file seems to be: by its name, its band descriptions and its numbers.

Flow: stack.sample -> [here: a guess] -> inspection.meaning, inspection.together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from fusionls.stack.sample import Sample

ELEVATION, VELOCITY = 'terrain_elevation', 'insar_velocity_los'
_NAMES: tuple[tuple[str, str], ...] = (
    ('mask|label|landslides?|clear', 'mask'),
    ('hillshade|hs|shade', 'terrain_hillshade'),
    ('slope', 'terrain_slope'),
    ('aspect', 'terrain_aspect'),
    ('vstd|velstd|velocitystd', 'insar_velocity_std'),
    ('vel|velocity', VELOCITY),
    ('coh|cc|coherence|tempcoh', 'insar_coherence'),
    ('unw|phase', 'phase'),
    ('dem|dtm|dsm|dom|aw3d30|srtm|elevation|elev|hgt|height', ELEVATION),
    ('geology|landcover|lulc|classes', 'classes'),
    ('s1|sar|vv|vh|sigma0|gamma0|backscatter', 'radar_backscatter'),
    (r'b\d\d?a?|rgb|ortho|s2|sentinel2|landsat|optical|image|nir|red|green|blue', 'optical'),
)
_COLOURS = {'red': 'red', 'green': 'green', 'blue': 'blue', 'nir': 'nir'}
_SENTINEL2 = {'B02': 'blue', 'B03': 'green', 'B04': 'red', 'B08': 'nir', 'B2': 'blue',
              'B3': 'green', 'B4': 'red', 'B8': 'nir'}  # fmt: skip
LEAST_MARGIN = 0.1
"""Correlation by which near infrared must differ from the visible bands."""


def guessed_role(stem: str, sample: Sample) -> str:
    """A word for what a file holds; empty where nothing tells.

    Args:
        stem: Its name without suffix.
        sample: Of its bands.
    """
    tokens = [token for token in re.split(r'[^a-z0-9]+', stem.lower()) if token]
    for pattern, role in _NAMES:
        if any(re.fullmatch(pattern, token) for token in tokens):
            return role
    if len(sample.bands) >= 3:
        return 'optical'
    values = sample.values(0)
    if not values.size:
        return ''
    few = np.unique(values[:: max(values.size // 100_000, 1)])
    if few.size <= 32 and np.array_equal(few, np.rint(few)):
        return 'classes'
    return ''


def colours_of(names: Sequence[str | None]) -> tuple[str, ...]:
    """Colour of each band as its description or layer name says; empty where it does not."""
    found = []
    for name in names:
        text = name or ''
        word = next((w for w in re.split(r'[^a-z0-9]+', text.lower()) if w in _COLOURS), '')
        found.append(word or _SENTINEL2.get(text.strip().upper(), ''))
    return tuple(found)


def likeliest_nir(sample: Sample) -> int | None:
    """The band that is near infrared: vegetation makes it differ from the visible ones.

    Returns:
        Its index among three or more, or None where no band stands out.
    """
    joint = [values[:, valid.all(0)] for values, valid in sample.parts]
    numbers = np.concatenate(joint, axis=1)[:, :: max(1, sum(j.shape[1] for j in joint) // 200_000)]
    if len(numbers) < 4 or numbers.shape[1] < 1000 or (numbers.std(axis=1) == 0).any():
        return None
    together = np.corrcoef(numbers.astype(np.float64))
    np.fill_diagonal(together, np.nan)
    likeness = np.nanmean(together, axis=1)
    order = np.argsort(likeness)
    return int(order[0]) if likeness[order[1]] - likeness[order[0]] >= LEAST_MARGIN else None


def colour_order(sample: Sample) -> str:
    """Which way round three bands seem to be: haze leaves blue the least contrast.

    Returns:
        ``red, green, blue`` or the reverse; empty where the contrast does not tell. True of 97 %
        of the Bijie chips and of Sentinel-2; of stretched pictures it is no more than a guess.
    """
    joint = np.concatenate([v[:3, ok[:3].all(0)] for v, ok in sample.parts], axis=1)
    if joint.shape[1] < 1000 or (joint.mean(axis=1) <= 0).any():
        return ''
    contrast = joint.std(axis=1) / joint.mean(axis=1)
    if contrast[2] < 0.9 * contrast[0]:
        return 'red, green, blue'
    return 'blue, green, red' if contrast[0] < 0.9 * contrast[2] else ''
