"""Do the numbers fit what they are said to be: range against unit, bands against names.

Flow: stack.sample with layer names -> [here] -> findings.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusionls.errors import LayerUnknownError
from fusionls.layers.catalog import layer_spec, stem_of
from fusionls.quantities import Kind, conversion
from fusionls.stack.inspection.findings import Finding, Severity
from fusionls.stack.inspection.roles import ELEVATION, colours_of, likeliest_nir
from fusionls.stack.sample import Sample

LIKELY: dict[str, tuple[float, float]] = {
    'terrain_elevation': (-500.0, 9000.0),
    'lidar_ground': (-500.0, 9000.0),
    'lidar_surface': (-500.0, 9000.0),
    'insar_velocity_los': (-1.0, 1.0),
    'insar_velocity_std': (0.0, 0.1),
    'insar_displacement_los': (-20.0, 20.0),
    'radar_backscatter_vv': (0.0, 10.0),
    'radar_backscatter_vh': (0.0, 10.0),
}
"""Between what nearly all values of a layer lie, in its canonical unit, whatever the place."""
_UNITS: dict[str, tuple[str, ...]] = {
    'm': ('ft', 'us-ft', 'cm', 'mm'),
    'm/yr': ('mm/yr', 'cm/yr'),
    'degree': ('radian',),
    '1': ('percent',),
}
STEEP = 65.0
"""Degrees: where the middle slope of a terrain is above, its heights are in another unit."""
BYTE = 255.0


def range_findings(sample: Sample) -> Iterator[Finding]:
    """Values beyond what the layer can be in the unit it is read in, and the unit they fit."""
    for band, layer in enumerate(sample.bands):
        values = sample.likely(band)
        if not values.size:
            continue
        try:
            spec = layer_spec(layer)
        except LayerUnknownError:
            continue
        if spec.quantity.kind is Kind.LIT:
            continue  # never read: it is derived from elevation
        low, high = LIKELY.get(stem_of(layer) or '', (spec.least, spec.most))
        least, most = (float(n) for n in np.percentile(values, (0.5, 99.5)))
        slack = 1e-3 * max(abs(low or 0.0), abs(high or 0.0), 1e-3)
        below = low is not None and least < low - slack
        above = high is not None and most > high + slack
        if not (below or above):
            continue
        expected = ' to '.join('' if n is None else f'{n:g}' for n in (low, high))
        yield Finding(
            Severity.WARNING,
            sample.subject,
            'unit',
            f'{layer}: values of {least:.4g} to {most:.4g} (99 % of them); in '
            f'{spec.quantity.unit} expected {expected}',
            _fitting_unit(spec.quantity.unit, least, most, low, high),
        )


def _fitting_unit(
    unit: str, least: float, most: float, low: float | None, high: float | None
) -> str:
    for other in _UNITS.get(unit, ()):
        factor = conversion(other, unit)
        if (low is None or least * factor >= low) and (high is None or most * factor <= high):
            return f'They would fit {other}: say unit: {other} of the source in the scene.'
    if unit == '1' and (low, high) == (0, 1) and least >= 0 and most <= BYTE:
        return 'They are bytes: divide by 255 first, or read them by the product they come from.'
    return 'Check the unit, the band order and nodata of the file.'


def steepness_findings(sample: Sample, metres: tuple[float, float] | None) -> Iterator[Finding]:
    """Ground too steep to be any: heights in another unit, or pixels of another size.

    Args:
        sample: Of elevation, metres as read.
        metres: Width and height of a pixel on the ground; None where unknown.
    """
    if metres is None or sample.bands[0] != ELEVATION:
        return
    found = []
    for values, valid in sample.parts:
        if min(values.shape[1:]) < 3:
            continue
        across = (values[0, 1:-1, 2:] - values[0, 1:-1, :-2]) / (2 * metres[0])
        along = (values[0, 2:, 1:-1] - values[0, :-2, 1:-1]) / (2 * metres[1])
        sound = valid[0, 1:-1, 2:] & valid[0, 1:-1, :-2] & valid[0, 2:, 1:-1] & valid[0, :-2, 1:-1]
        found.append(np.degrees(np.arctan(np.hypot(across, along)))[sound])
    slopes = np.concatenate(found) if found else np.zeros(0)
    if slopes.size and np.median(slopes) > STEEP:
        yield Finding(
            Severity.WARNING,
            sample.subject,
            'unit',
            f'half of the ground is steeper than {np.median(slopes):.0f} degrees: heights are not '
            'in metres (feet, centimetres), or the pixel is not what the CRS says',
            'Say unit: ft (or cm) of the source; check the CRS.',
        )


def band_findings(sample: Sample, described: tuple[str | None, ...] = ()) -> Iterator[Finding]:
    """Bands whose names contradict what the file says of them, or what they look like.

    Args:
        sample: With layer names.
        described: Band descriptions of the file.
    """
    named, told = colours_of(sample.bands), colours_of(described)
    wrong = [
        f'{layer} is read from a band called {text}'
        for layer, colour, text, said in zip(sample.bands, named, described, told, strict=False)
        if colour and said and colour != said
    ]
    if wrong:
        yield Finding(
            Severity.WARNING,
            sample.subject,
            'bands',
            '; '.join(wrong),
            'Name the layers in the order of the file: layers: [...].',
        )
    if 'nir' not in named or wrong:
        return
    visible = [i for i, colour in enumerate(named) if colour]
    chosen = Sample(
        sample.subject,
        sample.grid,
        tuple(sample.bands[i] for i in visible),
        tuple((values[visible], valid[visible]) for values, valid in sample.parts),
    )
    seen = likeliest_nir(chosen)
    if seen is not None and named[visible[seen]] != 'nir':
        yield Finding(
            Severity.WARNING,
            sample.subject,
            'bands',
            f'{chosen.bands[seen]} differs from the other bands as near infrared does over '
            'vegetation; the layer called nir does not',
            'Check the band order: layers: [...] names the bands in the order of the file.',
        )
