"""Layers of airborne laser scanning: what sources hold, and what is derived from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.layers.spec import Derivation, LayerSpec, Plane, Wanted, measured
from fusionls.layers.terrain.catalog import of_elevation
from fusionls.quantities import Quantity


def canopy_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Surface minus ground, metres; not clipped, for a negative height tells of a bad ground."""
    (surface, above), (ground, below) = parts
    valid = above & below
    return [(np.where(valid, surface - ground, np.float32(0)), valid) for _ in wanted]


LIDAR_LAYERS: tuple[LayerSpec, ...] = (
    measured(
        'lidar_ground',
        'm',
        'bare-earth elevation (DTM) at the middle of a cell: a smooth surface, and the mean height '
        'of the ground points of the cell above it; between cells with ground that height by '
        'pull-push, up to the void limit (10 m by default), invalid beyond',
        -11000,
        9000,
        source='Gortler et al. (1996), SIGGRAPH, for the interpolation',
    ),
    measured(
        'lidar_surface',
        'm',
        'surface elevation (DSM): mean over the pixel of the highest point of each cell, wherever '
        'in the cell it lies; a cell between points has that of the nearest within two cells',
        -11000,
        9000,
    ),
    measured('lidar_point_density', '1/m2', 'points per area, noise left out', 0),
    measured('lidar_ground_density', '1/m2', 'ground points per area: how much is known', 0),
    measured(
        'lidar_intensity',
        'digital_number',
        'mean intensity of all returns; between points as the surface',
        0,
    ),
    measured(
        'lidar_ground_roughness',
        'm',
        'standard deviation of the ground points of a cell about the bare earth, whatever its '
        'slope; of two points at least',
        0,
        100,
    ),
    LayerSpec(
        'lidar_canopy_height',
        Quantity('m'),
        'surface minus ground',
        formula='DSM - DTM',
        source='by definition',
        derivation=Derivation(('lidar_surface', 'lidar_ground'), canopy_family),
    ),
    *of_elevation('lidar', 'lidar_ground'),
)
