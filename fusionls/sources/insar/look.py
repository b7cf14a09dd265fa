"""The line of sight as constant layers, for products that come without its geometry.

Flow: incidence and heading of the scene description -> [here] -> sources, stack.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.layers.insar.line_of_sight import los_from_heading
from fusionls.sources.insar.formula_source import FormulaSource, Planes, named_quantities
from fusionls.sources.source import North, Source

LOS_LAYERS = ('insar_los_east', 'insar_los_north', 'insar_los_up')


def constant_look(
    path: Path, grid: Grid, incidence: float, heading: float, track: str | None
) -> Source:
    """One line of sight for a whole grid.

    Args:
        path: The product it belongs to, for error texts.
        grid: The product's grid.
        incidence: Degrees from vertical, at the ground, of the scene's middle.
        heading: Flight direction of a right-looking satellite, degrees clockwise from north.
        track: Qualifier of the layers, such as ``asc``.

    Raises:
        InputError: The angles are out of range.
    """
    if not 0 <= incidence < 90 or not -360 <= heading <= 360:
        raise InputError(
            f'{path}: incidence {incidence:g} and heading {heading:g} degrees; expected an '
            'incidence from vertical in [0, 90) and a heading clockwise from north'
        )
    vector = los_from_heading(incidence, heading).astype(np.float32)

    def formula(planes: Planes, shape: tuple[int, int]) -> Planes:
        return {
            name: (np.full(shape, component, np.float32), np.ones(shape, bool))
            for name, component in zip(LOS_LAYERS, vector, strict=True)
        }

    return FormulaSource(
        path,
        grid,
        named_quantities(LOS_LAYERS, track),
        {},
        formula,
        track=track,
        files=(),
        north=North.TRUE,
        record={'incidence': incidence, 'heading': heading},
    )
