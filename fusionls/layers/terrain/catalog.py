"""Layers of an elevation model: what sources hold, and what is derived from it.

The same layers are derived from the bare earth of LiDAR; :func:`of_elevation` names them for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.spec import Derivation, LayerSpec, Parameter, Plane, Wanted, measured
from fusionls.layers.terrain.curvature import mean_curvature, plan_curvature, profile_curvature
from fusionls.layers.terrain.flow import catchment_area, wetness
from fusionls.layers.terrain.hillshade import lambert, multidirectional
from fusionls.layers.terrain.horizon import horizon_layers
from fusionls.layers.terrain.neighbourhood import HALO, Neighbourhood
from fusionls.layers.terrain.position import (
    local_relief,
    position_of_nine,
    reach_of,
    topographic_position,
)
from fusionls.layers.terrain.ruggedness import roughness, ruggedness
from fusionls.layers.terrain.slope import horn_slope, per_normal, steepest
from fusionls.quantities import Kind, Quantity

_HORN = 'Horn (1981), Proc. IEEE 69(1)'
_ZT = 'Zevenbergen and Thorne (1987), Earth Surf. Process. Landf. 12'


def _sun(around: Neighbourhood, parameters: Mapping[str, float]) -> FloatArray:
    return lambert(around, parameters['az'], parameters['alt'])


_LOCAL: dict[str, Callable[[Neighbourhood, Mapping[str, float]], FloatArray]] = {
    'slope': lambda around, _: horn_slope(around),
    'slope_zt': lambda around, _: steepest(*around.zevenbergen_thorne),
    'aspect_sin': lambda around, _: around.horn[0] * around.per_fall,
    'aspect_cos': lambda around, _: around.horn[1] * around.per_fall,
    'normal_east': lambda around, _: around.horn[0] * per_normal(around),
    'normal_north': lambda around, _: around.horn[1] * per_normal(around),
    'hillshade': _sun,
    'hillshade_multi': lambda around, _: multidirectional(around),
    'curvature_profile': lambda around, _: profile_curvature(around),
    'curvature_plan': lambda around, _: plan_curvature(around),
    'curvature_mean': lambda around, _: mean_curvature(around),
    'tri': lambda around, _: ruggedness(around),
    'roughness': lambda around, _: roughness(around),
}
_OF_NINE: dict[str, Callable[[Neighbourhood, Mapping[str, float]], FloatArray]] = {
    'tpi': lambda around, _: position_of_nine(around),
    'relief': lambda around, _: roughness(around),
}
_OF_WINDOW: dict[str, Callable[[FloatArray, BoolArray, int], Plane]] = {
    'tpi': topographic_position,
    'relief': local_relief,
}


def surface_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Layers of a cell and those around it; the 3x3 neighbourhood is read once for all of them."""
    ((elevation, valid),) = parts
    around = Neighbourhood.of(elevation, valid, cell)
    found = []
    for layer in wanted:
        reach = reach_of(layer.parameters['r'], _side(cell)) if 'r' in layer.parameters else HALO
        near = _LOCAL.get(layer.quantity) or (_OF_NINE.get(layer.quantity) if reach == 1 else None)
        if near is None:
            found.append(_OF_WINDOW[layer.quantity](elevation, valid, reach))
        elif around.is_empty:
            found.append((np.zeros(elevation.shape, np.float32), np.zeros(elevation.shape, bool)))
        else:
            found.append(around.plane(near(around, layer.parameters)))
    return found


def horizon_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Sky-view factor and openness; those of one radius in one pass."""
    ((elevation, valid),) = parts
    by_reach: dict[int, set[str]] = {}
    for layer in wanted:
        by_reach.setdefault(_ray(layer.parameters, cell), set()).add(layer.quantity)
    found = {
        reach: horizon_layers(elevation, valid, cell, reach, names)
        for reach, names in by_reach.items()
    }
    return [found[_ray(layer.parameters, cell)][layer.quantity] for layer in wanted]


def flow_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Catchment area and wetness of the whole scene."""
    ((elevation, valid),) = parts
    area = catchment_area(elevation, valid, cell)
    index = wetness(elevation, valid, cell, area[0])
    return [area if layer.quantity == 'catchment_area' else index for layer in wanted]


def _side(cell: Cell) -> float:
    """The smallest side of a cell, metres."""
    return cell if isinstance(cell, float | int) else float(min(cell.east.min(), cell.north.min()))


def _ray(parameters: Mapping[str, float], cell: Cell) -> int:
    return reach_of(parameters['r'], _side(cell))


def _reach(parameters: Mapping[str, float], pixel: float) -> int:
    return reach_of(parameters['r'], pixel)


def of_elevation(modality: str, elevation: str) -> tuple[LayerSpec, ...]:
    """Everything that is derived from an elevation layer, named for a modality."""
    needs = (elevation,)
    local = Derivation(needs, surface_family, HALO)
    sun = {
        'az': Parameter(315, 'azimuth of the sun, degrees clockwise from north', 0, 360),
        'alt': Parameter(45, 'altitude of the sun, degrees', 1, 90),
    }
    radius = {'r': Parameter(50, 'radius, metres', 0.1, 5000)}
    ray = {'r': Parameter(100, 'length of the rays, metres', 0.1, 5000)}
    horizon = Derivation(needs, horizon_family, _reach, ray)
    position = Derivation(needs, surface_family, _reach, radius)
    flow = Derivation(needs, flow_family, HALO, whole=True)

    def spec(
        quantity: str,
        unit: str,
        bounds: tuple[float | None, float | None],
        derivation: Derivation,
        meaning: str,
        formula: str,
        source: str,
        kind: Kind = Kind.CONTINUOUS,
    ) -> LayerSpec:
        name = f'{modality}_{quantity}'
        return LayerSpec(name, Quantity(unit, kind), meaning, *bounds, formula, source, derivation)

    return (
        spec('slope', 'degree', (0, 90), local, 'steepest slope', 'atan |grad z|', _HORN),
        spec(
            'slope_zt',
            'degree',
            (0, 90),
            local,
            'steepest slope through the four direct neighbours',
            'atan |grad z|',
            _ZT,
        ),
        spec(
            'aspect_sin',
            '1',
            (-1, 1),
            local,
            'sine of the aspect (downslope azimuth clockwise from north); 0 where flat',
            '-dz/dx / |grad z|',
            _HORN,
            Kind.EAST,
        ),
        spec(
            'aspect_cos',
            '1',
            (-1, 1),
            local,
            'cosine of the aspect; 0 where flat',
            '-dz/dy / |grad z|',
            _HORN,
            Kind.NORTH,
        ),
        spec(
            'normal_east',
            '1',
            (-1, 1),
            local,
            'east component of the unit normal: sine of the aspect times sine of the slope',
            '-dz/dx / sqrt(1 + |grad z|^2)',
            _HORN,
            Kind.EAST,
        ),
        spec(
            'normal_north',
            '1',
            (-1, 1),
            local,
            'north component of the unit normal',
            '-dz/dy / sqrt(1 + |grad z|^2)',
            _HORN,
            Kind.NORTH,
        ),
        spec(
            'hillshade',
            '1',
            (0, 1),
            Derivation(needs, surface_family, HALO, sun),
            'cosine of the angle between sun and ground normal',
            'max(0, n . s)',
            f'Lambert; {_HORN}',
            Kind.LIT,
        ),
        spec(
            'hillshade_multi',
            '1',
            (0, 1),
            local,
            'light of four suns (225, 270, 315, 360 degrees, 30 high), weighted across the slope',
            'sum(w_i max(0, n . s_i)) / sum(w_i), w_i = sin^2(aspect - az_i)',
            'Mark (1992), USGS OFR 92-422',
            Kind.LIT,
        ),
        spec(
            'curvature_profile',
            '1/m',
            (None, None),
            local,
            'bend along the steepest slope, convex upward positive',
            '-(zxx p^2 + 2 zxy p q + zyy q^2) / (p^2 + q^2)',
            f'{_ZT}, eq. 14, without the factor 100',
        ),
        spec(
            'curvature_plan',
            '1/m',
            (None, None),
            local,
            'bend along the contour, convex upward positive',
            '-(zxx q^2 - 2 zxy p q + zyy p^2) / (p^2 + q^2)',
            f'{_ZT}, eq. 15, without the factor 100',
        ),
        spec(
            'curvature_mean',
            '1/m',
            (None, None),
            local,
            'mean bend of all directions, convex upward positive',
            '-(zxx + zyy) / 2',
            _ZT,
        ),
        spec(
            'tpi',
            'm',
            (None, None),
            position,
            'height above the mean of a disc around the cell',
            'z - mean of the disc without its centre',
            'Weiss (2001)',
        ),
        spec(
            'relief',
            'm',
            (0, None),
            position,
            'highest minus lowest cell of a square window',
            'max - min',
            'Wilson et al. (2007), Marine Geodesy 30',
        ),
        spec(
            'tri',
            'm',
            (0, None),
            local,
            'terrain ruggedness index',
            'sqrt(sum (z_i - z)^2) over eight neighbours',
            'Riley et al. (1999)',
        ),
        spec(
            'roughness',
            'm',
            (0, None),
            local,
            'largest difference in 3x3 cells',
            'max - min',
            'Wilson et al. (2007), Marine Geodesy 30',
        ),
        spec(
            'sky_view',
            '1',
            (0, 1),
            horizon,
            'share of the sky that is seen, 16 directions',
            '1 - mean of sin(horizon angle), horizons below level taken as level',
            'Zaksek et al. (2011), Remote Sens. 3, eq. 3',
        ),
        spec(
            'openness_positive',
            'degree',
            (0, 180),
            horizon,
            'mean angle from the zenith to the horizon, 16 directions',
            '90 - mean horizon angle',
            'Yokoyama et al. (2002), PE&RS 68',
        ),
        spec(
            'openness_negative',
            'degree',
            (0, 180),
            horizon,
            'mean angle from the nadir to the ground, 16 directions',
            '90 - mean horizon angle of the ground turned upside down',
            'Yokoyama et al. (2002), PE&RS 68',
        ),
        spec(
            'catchment_area',
            'm2',
            (0, None),
            flow,
            'area that drains through the cell, within the scene',
            'own area + sum of shares (fall^1.1) of higher neighbours, depressions filled',
            'Freeman (1991); Planchon and Darboux (2001), Catena 46',
        ),
        spec(
            'twi',
            '1',
            (None, None),
            flow,
            'topographic wetness index',
            'ln(catchment area / cell side / max(tan slope, 0.001))',
            'Beven and Kirkby (1979), Hydrol. Sci. Bull. 24',
        ),
    )


TERRAIN_LAYERS: tuple[LayerSpec, ...] = (
    measured('terrain_elevation', 'm', 'height of the ground above the datum', -11000, 9000),
    *of_elevation('terrain', 'terrain_elevation'),
    measured(
        'terrain_elevation_scaled',
        '1',
        'elevation, scaled by its publisher: no metres, so nothing can be derived from it',
    ),
    measured('terrain_slope_scaled', '1', 'slope, scaled by its publisher: no degrees'),
)
