"""Unwrapped interferograms of several pairs of dates -> velocity, deviation, coherence.

Flow: GeoTIFFs named by two dates -> [here] -> stack.align. LiCSAR and HyP3 come through here.
Source: sources.insar.series for the stacking; parameter files as GAMMA writes them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import InputError, ProductError, raise_together
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import opened, read_grid
from fusionls.geo.window import Window
from fusionls.layers.insar.line_of_sight import displacement_toward
from fusionls.layers.spec import Plane
from fusionls.sources.insar.formula_source import (
    FormulaSource,
    Planes,
    ReadPlane,
    masked_below,
    named_quantities,
)
from fusionls.sources.insar.product import (
    check_same_grid,
    dates_of,
    finished,
    raster_plane,
    told_numbers,
)
from fusionls.sources.insar.reference import ReferenceRule, offsets
from fusionls.sources.insar.series import DAYS_A_YEAR, stacked_velocity
from fusionls.sources.source import Source

_COHERENCE = re.compile(r'(^|[._-])(cc|coh|corr|coherence)([._-]|$)', re.I)
_SPEED_OF_LIGHT = 299_792_458.0  # metres a second
AWAY, TOWARD = 'away', 'toward'


@dataclass(frozen=True)
class Pair:
    """One interferogram.

    Attributes:
        dates: Of its two images; the phase is that of the second against the first.
        phase: Unwrapped phase, radians, or displacement.
        coherence: Its coherence, or None.
    """

    dates: tuple[datetime.date, datetime.date]
    phase: Path
    coherence: Path | None

    @property
    def years(self) -> float:
        """From the first date to the second; negative where that is the earlier."""
        return (self.dates[1] - self.dates[0]).days / DAYS_A_YEAR


def open_interferograms(
    files: Sequence[Path],
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    wavelength: float | None = None,
    header: Path | None = None,
    positive: str = AWAY,
    least_pairs: int = 3,
    mask_below: float | None = None,
    reference: Mapping[str, Any] | str | None = None,
    incidence: float | None = None,
    heading: float | None = None,
) -> tuple[Source, ...]:
    """A set of geocoded, unwrapped interferograms (GAMMA, ISCE, ...), stacked to a velocity.

    Files whose name says coherence (``cc``, ``coh``, ``corr``) go with the phase of the same two
    dates (``20180106-20180130``). Zero is void. No atmosphere is removed.

    Args:
        files: Phases, and coherences if there are any.
        track: Qualifier of all layers, such as ``asc``.
        layers: Layers wanted; all by default.
        wavelength: Metres; from ``header`` where that is given.
        header: A GAMMA SLC parameter file: wavelength, and the line of sight of the scene's
            middle.
        positive: What a growing phase means: ``away`` from the satellite, or ``toward``.
        least_pairs: Pairs that must be valid in a pixel.
        mask_below: Least mean coherence; below it the whole modality is invalid.
        reference: See product mintpy; taken off each pair before they are stacked.
        incidence: Degrees from vertical, with ``heading``; from ``header`` by default.
        heading: Flight direction, degrees clockwise from north.

    Raises:
        ProductError: No pair, files that do not fit or a header without what it must hold.
        InputError: No wavelength, or options that contradict each other.
        FileMissingError: A file does not exist.
    """
    pairs = found_pairs([Path(file) for file in files])
    read: tuple[Path, ...] = ()
    if header is not None:
        told = _header(Path(header))
        read = (Path(header),)
        wavelength = wavelength or _SPEED_OF_LIGHT / told['radar_frequency']
        if incidence is None and heading is None:
            incidence, heading = told['incidence_angle'], told['heading']
    if wavelength is None or not 0.01 < wavelength < 1.5:
        raise InputError(
            f'{pairs[0].phase}: wavelength is {wavelength}, expected metres (0.0555 for '
            'Sentinel-1); give wavelength or header'
        )
    if positive not in (AWAY, TOWARD):
        raise InputError(f'{pairs[0].phase}: positive is {positive!r}, expected away or toward')
    metres = wavelength

    def displacement(plane: Plane) -> Plane:
        values = displacement_toward(plane[0], metres, positive == AWAY)
        return values.astype(np.float32), plane[1]

    source = stacked_source(
        pairs,
        displacement,
        track=track,
        least_pairs=least_pairs,
        mask_below=mask_below,
        more_files=read,
        record={'product': 'interferograms', 'positive': positive, 'wavelength': wavelength},
        reference=reference,
    )
    return finished(
        source,
        track=track,
        layers=layers,
        reference=None,
        incidence=incidence,
        heading=heading,
    )


def found_pairs(files: Sequence[Path]) -> list[Pair]:
    """Put phases and coherences of the same dates together.

    Raises:
        ProductError: A file has no dates in its name, dates come twice or there is no phase.
    """
    problems: list[str] = []
    phases: dict[tuple[datetime.date, datetime.date], Path] = {}
    coherences: dict[tuple[datetime.date, datetime.date], Path] = {}
    for file in files:
        dates = dates_of(file)
        if dates is None or dates[0] == dates[1]:
            problems.append(f'{file.name}: expected two dates YYYYMMDD in its name')
            continue
        kind = coherences if _COHERENCE.search(file.stem) else phases
        if dates in kind:
            problems.append(f'{file.name}: the same dates as {kind[dates].name}')
        kind[dates] = file
    if not phases:
        problems.append(f'no unwrapped phase among {len(files)} files')
    where = files[0].parent if files else 'interferograms'
    raise_together(ProductError, f'{where}: the interferograms cannot be used', problems)
    return [Pair(dates, phase, coherences.get(dates)) for dates, phase in sorted(phases.items())]


def stacked_source(
    pairs: Sequence[Pair],
    displacement: Callable[[Plane], Plane],
    *,
    track: str | None,
    least_pairs: int,
    mask_below: float | None,
    record: Mapping[str, Any],
    more_files: tuple[Path, ...] = (),
    more_inputs: Mapping[str, ReadPlane] | None = None,
    more_layers: Sequence[str] = (),
    more_formula: Callable[[Planes], Planes] | None = None,
    reference: Mapping[str, Any] | str | None = None,
) -> FormulaSource:
    """A source of the velocity of some pairs.

    Args:
        pairs: Interferograms on one grid.
        displacement: Turns the plane of a pair into metres toward the satellite.
        track: Qualifier.
        least_pairs: Pairs that must be valid in a pixel.
        mask_below: Least mean coherence.
        record: What the product said.
        more_files: Files read beside the pairs.
        more_inputs: Planes beside the pairs.
        more_layers: Layers made of them.
        more_formula: Makes them.
        reference: What is taken off each pair before they are stacked; see product mintpy.

    Raises:
        ProductError: Files do not lie on one grid, or ``mask_below`` without coherence.
    """
    first = pairs[0].phase
    grid = read_grid(first)
    inputs: dict[str, ReadPlane] = {}
    for i, pair in enumerate(pairs):
        for kind, path in (('phase', pair.phase), ('coherence', pair.coherence)):
            if path is None:
                continue
            check_same_grid(first, grid, path, read_grid(path))
            scale = _coherence_scale(path) if kind == 'coherence' else 1.0
            inputs[f'{kind}_{i}'] = raster_plane(path, scale)
    with_coherence = [i for i, pair in enumerate(pairs) if pair.coherence is not None]
    if mask_below is not None and not with_coherence:
        raise ProductError(f'{first}: mask_below needs a coherence beside each phase')
    years = np.array([pair.years for pair in pairs])
    least = min(least_pairs, len(pairs))
    made = ['insar_velocity_los', 'insar_velocity_std', 'insar_pair_count']
    if len(pairs) == 1:
        made = ['insar_velocity_los', 'insar_displacement_los']
    if with_coherence:
        made.append('insar_coherence')
    inputs |= more_inputs or {}

    zeros = _zeros(pairs, grid, inputs, displacement, reference)

    def formula(planes: Planes, shape: tuple[int, int]) -> Planes:
        metres = [_less(displacement(planes[f'phase_{i}']), zero) for i, zero in enumerate(zeros)]
        velocity, deviation, count = stacked_velocity(metres, years, least)
        found: Planes = {
            'insar_velocity_los': velocity,
            'insar_velocity_std': deviation,
            'insar_pair_count': count,
            'insar_displacement_los': metres[0],
        }
        mean = None
        if with_coherence:
            parts = [planes[f'coherence_{i}'] for i in with_coherence]
            number = np.sum([valid for _, valid in parts], axis=0)
            total = np.sum([np.where(valid, values, 0) for values, valid in parts], axis=0)
            mean = (total / np.maximum(number, 1)).astype(np.float32), number > 0
            found['insar_coherence'] = mean
        if more_formula is not None:
            found |= more_formula(planes)
        return masked_below(found, mean, mask_below)

    files = [path for pair in pairs for path in (pair.phase, pair.coherence) if path is not None]
    return FormulaSource(
        first,
        grid,
        named_quantities([*made, *more_layers], track),
        inputs,
        formula,
        track=track,
        files=(*files, *more_files),
        masks=mask_below is not None,
        record={
            **record,
            'pairs': len(pairs),
            **(
                {'reference': ReferenceRule.parsed(reference).to_json()}
                if reference is not None
                else {}
            ),
            'dates': [
                min(date for p in pairs for date in p.dates).isoformat(),
                max(date for p in pairs for date in p.dates).isoformat(),
            ],
        },
    )


def _zeros(
    pairs: Sequence[Pair],
    grid: Grid,
    inputs: Mapping[str, ReadPlane],
    displacement: Callable[[Plane], Plane],
    reference: Mapping[str, Any] | str | None,
) -> list[float]:
    """Displacement of the reference in each pair, metres; each has a constant of its own."""
    if reference is None:
        return [0.0] * len(pairs)
    rule = ReferenceRule.parsed(reference)

    def read(window: Window) -> tuple[FloatArray, BoolArray]:
        planes = [displacement(inputs[f'phase_{i}'](window)) for i in range(len(pairs))]
        return np.stack([v for v, _ in planes]), np.stack([valid for _, valid in planes])

    return [offset for offset, _ in offsets(pairs[0].phase, grid, read, len(pairs), rule)]


def _less(plane: Plane, zero: float) -> Plane:
    return (plane[0] - np.float32(zero), plane[1]) if zero else plane


def _coherence_scale(path: Path) -> float:
    """Bytes are 255 times the coherence, floats the coherence itself."""
    with opened(path) as dataset:
        return 1 / 255 if dataset.dtypes[0] == 'uint8' else 1.0


def _header(path: Path) -> dict[str, float]:
    """Frequency, heading and incidence of a GAMMA SLC parameter file."""
    found = told_numbers(
        path,
        ('radar_frequency', 'heading', 'incidence_angle'),
        'a GAMMA SLC parameter file with radar_frequency, heading and incidence_angle',
    )
    if not found['radar_frequency'] > 0:
        raise ProductError(
            f'{path}: radar_frequency is {found["radar_frequency"]:g}, expected Hz > 0'
        )
    return found
