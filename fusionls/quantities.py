"""What a layer's numbers mean: its unit, and the kind that decides how geometry acts on it.

The kind is used in two places: resampling (``geo.resample``) and geometric augmentation
(``datasets.transforms``). Units are converted to the canonical one of the layer when a
source is read, so that everything behind ``sources`` holds canonical units only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fusionls.errors import UnitUnknownError, nearest_names


class Kind(StrEnum):
    """How a layer answers resampling, flips and rotations."""

    CONTINUOUS = 'continuous'  # interpolates; a flip only moves it
    CATEGORICAL = 'categorical'  # nearest pixel only
    AZIMUTH = 'azimuth'  # degrees clockwise from north; turns with the picture
    EAST = 'east'  # east component of a vector; turns with its north partner
    NORTH = 'north'  # north component of a vector
    LIT = 'lit'  # hillshade: derived again from the DEM, never warped


@dataclass(frozen=True)
class Quantity:
    """Unit and kind of a layer.

    Attributes:
        unit: Canonical unit, one of :data:`CANONICAL_UNITS`.
        kind: What geometry does to it.
    """

    unit: str
    kind: Kind = Kind.CONTINUOUS

    def __post_init__(self) -> None:
        if self.unit not in CANONICAL_UNITS:
            raise UnitUnknownError(
                f'unit {self.unit!r} is not canonical; {nearest_names(self.unit, CANONICAL_UNITS)}'
            )
        object.__setattr__(self, 'kind', Kind(self.kind))


CANONICAL_UNITS = frozenset(
    {'m', 'm/yr', 'm/yr2', 'degree', '1', '1/m', '1/m2', 'm2', 'dB', 'digital_number'}
    | {'thermal_inertia'}
)
"""Metres, per year, per year squared; degrees; a ratio; per metre (curvature), per square metre
(density), square metres (catchment); decibels; counts of a sensor; J m-2 K-1 s-1/2."""

_FACTORS: dict[str, tuple[str, float]] = {
    # name as users write it -> (canonical unit, canonical = value * factor)
    'm': ('m', 1.0),
    'metre': ('m', 1.0),
    'meter': ('m', 1.0),
    'meters': ('m', 1.0),
    'cm': ('m', 0.01),
    'mm': ('m', 0.001),
    'km': ('m', 1000.0),
    'ft': ('m', 0.3048),  # international foot, exact
    'us-ft': ('m', 1200.0 / 3937.0),  # US survey foot, exact
    'm/yr': ('m/yr', 1.0),
    'm/year': ('m/yr', 1.0),
    'cm/yr': ('m/yr', 0.01),
    'cm/year': ('m/yr', 0.01),
    'mm/yr': ('m/yr', 0.001),
    'mm/year': ('m/yr', 0.001),
    'm/yr2': ('m/yr2', 1.0),
    'mm/yr2': ('m/yr2', 0.001),
    '1/m': ('1/m', 1.0),
    '1/m2': ('1/m2', 1.0),
    'm2': ('m2', 1.0),
    'db': ('dB', 1.0),
    'degree': ('degree', 1.0),
    'degrees': ('degree', 1.0),
    'radian': ('degree', 57.29577951308232),  # 180 / pi
    'radians': ('degree', 57.29577951308232),
    '1': ('1', 1.0),
    'ratio': ('1', 1.0),
    'reflectance': ('1', 1.0),
    'percent': ('1', 0.01),
    'digital_number': ('digital_number', 1.0),
    'dn': ('digital_number', 1.0),
    'thermal_inertia': ('thermal_inertia', 1.0),
}


_AS_DELIVERED = frozenset({'reflectance', '1', 'ratio', 'percent'})
"""What optical layers (``digital_number``) may count in too: they are kept as delivered."""


def canonical(unit: str) -> tuple[str, float]:
    """The canonical unit of ``unit``, and the factor that leads there.

    Args:
        unit: As written by a user, e.g. ``'mm/yr'`` or ``'ft'``; case is ignored.

    Raises:
        UnitUnknownError: ``unit`` is unknown.
    """
    found = _FACTORS.get(str(unit).strip().lower())
    if found is None:
        raise UnitUnknownError(f'unit {unit!r} is unknown; {nearest_names(str(unit), _FACTORS)}')
    return found


def conversion(unit: str, to: str) -> float:
    """Factor that turns values in ``unit`` into the canonical unit ``to``.

    Args:
        unit: As written by a user, e.g. ``'mm/yr'`` or ``'ft'``; case is ignored.
        to: A canonical unit. ``digital_number`` takes reflectances as they are.

    Raises:
        UnitUnknownError: ``unit`` is unknown, or measures something else than ``to``.
    """
    measured, factor = canonical(unit)
    if measured == to:
        return factor
    if to == 'digital_number' and str(unit).strip().lower() in _AS_DELIVERED:
        return 1.0
    fitting = {name for name, (unit_, _) in _FACTORS.items() if unit_ == to}
    fitting |= _AS_DELIVERED if to == 'digital_number' else set()
    raise UnitUnknownError(
        f'unit {unit!r} measures {measured!r}, the layer needs {to!r}; '
        f'use one of: {", ".join(sorted(fitting))}'
    )
