"""Ground filters behind one interface, by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from fusionls.errors import InputError, nearest_names, raise_together
from fusionls.layers.lidar.bare_earth import GroundFilter
from fusionls.layers.lidar.ground_filters.adaptive import AdaptiveFilter
from fusionls.layers.lidar.ground_filters.cloth import ClothSimulationFilter
from fusionls.layers.lidar.ground_filters.progressive import ProgressiveMorphologicalFilter
from fusionls.layers.lidar.ground_filters.smrf import SimpleMorphologicalFilter
from fusionls.layers.lidar.ground_filters.window_slope import WindowSlopeFilter

GROUND_FILTERS: dict[str, type] = {
    'adaptive': AdaptiveFilter,
    'window_slope': WindowSlopeFilter,
    'smrf': SimpleMorphologicalFilter,
    'progressive': ProgressiveMorphologicalFilter,
    'cloth': ClothSimulationFilter,
}


def ground_filter(name: str = 'adaptive', **options: Any) -> GroundFilter:
    """A ground filter by name.

    Args:
        name: One of :data:`GROUND_FILTERS`.
        options: Attributes of its class.

    Raises:
        InputError: There is no such filter, or it has no such option; everything at once.

    Example:
        >>> ground_filter('smrf', slope=0.3).slope
        0.3
    """
    found = GROUND_FILTERS.get(name)
    if found is None:
        raise InputError(
            f'ground filter {name!r} is unknown; {nearest_names(name, GROUND_FILTERS)}'
        )
    known = [field.name for field in fields(found)]
    problems = [
        f'option {option!r} is unknown; {nearest_names(option, known)}'
        for option in options
        if option not in known
    ]
    problems += [
        f'option {option!r} is {value!r}, expected numbers > 0'
        for option, value in options.items()
        if option in known and not _positive(value)
    ]
    raise_together(InputError, f'ground filter {name!r}', problems)
    made: GroundFilter = found(**options)
    return made


def _positive(value: Any) -> bool:
    values = value if isinstance(value, tuple | list) else (value,)
    return bool(values) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and v > 0 for v in values
    )
