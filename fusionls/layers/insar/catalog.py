"""Layers of radar interferometry: what sources hold, and what is derived from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.layers.insar.motion import (
    LEAST_SENSITIVITY,
    downslope_deviation_of_two,
    downslope_of_one,
    downslope_of_two,
    east_and_up,
    east_and_up_deviation,
    sensitivity,
)
from fusionls.layers.spec import Derivation, LayerSpec, Parameter, Plane, Wanted, measured
from fusionls.quantities import Kind, Quantity

_LOS = ('insar_los_east', 'insar_los_north', 'insar_los_up')
_NORMAL = ('terrain_normal_east', 'terrain_normal_north')
_TRACKS = ('asc', 'desc')
_LOS_OF_TWO = tuple(f'{layer}_{track}' for track in _TRACKS for layer in _LOS)


def _of_two(layer: str) -> tuple[str, ...]:
    return tuple(f'{layer}_{track}' for track in _TRACKS)


def sensitivity_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """C of one track."""
    share, valid = sensitivity(parts[:3], parts[3:])
    plane = np.where(valid, share, 0).astype(np.float32), valid
    return [plane for _ in wanted]


def one_track_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Velocity down the slope, or its deviation, of one track."""
    share = sensitivity(parts[1:4], parts[4:])
    found = []
    for layer in wanted:
        values, valid = downslope_of_one(parts[0], share, layer.parameters['c'])
        # a deviation has no sign
        found.append((np.abs(values) if layer.quantity == 'downslope_std' else values, valid))
    return found


def two_tracks_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Velocity down the slope of two tracks; with two more parts, the deviations, weighted."""
    los, normal = parts[2:8], parts[8:10]
    shares = [sensitivity(los[:3], normal), sensitivity(los[3:], normal)]
    deviations = parts[10:12] if len(parts) > 10 else None
    return [
        downslope_of_two(parts[:2], shares, layer.parameters['c'], deviations) for layer in wanted
    ]


def two_tracks_std_family(
    parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell
) -> list[Plane]:
    """Deviation of the weighted velocity down the slope of two tracks."""
    shares = [sensitivity(parts[2:5], parts[8:10]), sensitivity(parts[5:8], parts[8:10])]
    return [
        downslope_deviation_of_two(parts[:2], shares, layer.parameters['c']) for layer in wanted
    ]


def east_up_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """East and up velocity of two tracks, or their deviations."""
    los = (parts[2:5], parts[5:8])
    east, up = east_and_up(parts[:2], los)
    return [east if layer.quantity == 'velocity_east' else up for layer in wanted]


def east_up_std_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Deviations of east and up velocity of two tracks."""
    los = (parts[2:5], parts[5:8])
    east, up = east_and_up_deviation(parts[:2], los)
    return [east if layer.quantity == 'velocity_east_std' else up for layer in wanted]


_C = {'c': Parameter(LEAST_SENSITIVITY, 'least |C|; below it pixels are invalid', 0.05, 1)}
_VELOCITIES, _DEVIATIONS = _of_two('insar_velocity_los'), _of_two('insar_velocity_std')
_NOTTI = 'Notti et al. (2014), Int. J. Remote Sens. 35; limit of Herrera et al. (2013)'
_FIALKO = 'Fialko et al. (2001), Geophys. Res. Lett. 28'

INSAR_LAYERS: tuple[LayerSpec, ...] = (
    measured(
        'insar_velocity_los',
        'm/yr',
        'line-of-sight velocity, positive toward the satellite',
        -20,
        20,
    ),
    measured('insar_velocity_std', 'm/yr', 'standard deviation of the velocity', 0, 20),
    measured(
        'insar_displacement_los',
        'm',
        'line-of-sight displacement, positive toward the satellite',
        -100,
        100,
    ),
    measured('insar_acceleration', 'm/yr2', 'change of the line-of-sight velocity', -20, 20),
    measured('insar_coherence', '1', 'temporal or interferometric coherence', 0, 1),
    measured('insar_point_count', '1', 'measurement points in the pixel', 0),
    measured('insar_pair_count', '1', 'interferograms the velocity is from', 0),
    measured('insar_elevation', 'm', 'height as the product used it', -11000, 9000),
    *(
        measured(
            f'insar_los_{way}',
            '1',
            f'{way} component of the unit vector from the ground to the satellite',
            -1,
            1,
            kind,
        )
        for way, kind in (
            ('east', Kind.EAST),
            ('north', Kind.NORTH),
            ('up', Kind.CONTINUOUS),
        )
    ),
    LayerSpec(
        'insar_sensitivity',
        Quantity('1'),
        'share C of a motion down the slope that the track sees, positive toward the satellite; '
        'invalid on ground flatter than 5 degrees',
        -1,
        1,
        'C = l . s, s = (cos S sin A, cos S cos A, -sin S)',
        _NOTTI,
        Derivation((*_LOS, *_NORMAL), sensitivity_family),
    ),
    LayerSpec(
        'insar_velocity_downslope',
        Quantity('m/yr'),
        'velocity down the slope that explains what one track sees; positive downslope',
        None,
        None,
        'V / C where |C| >= c',
        _NOTTI,
        Derivation(('insar_velocity_los', *_LOS, *_NORMAL), one_track_family, parameters=_C),
    ),
    LayerSpec(
        'insar_downslope_std',
        Quantity('m/yr'),
        'standard deviation of the velocity down the slope, of one track',
        0,
        None,
        'std / |C| where |C| >= c',
        _NOTTI,
        Derivation(('insar_velocity_std', *_LOS, *_NORMAL), one_track_family, parameters=_C),
    ),
    LayerSpec(
        'insar_downslope_two_tracks',
        Quantity('m/yr'),
        'velocity down the slope of an ascending (_asc) and a descending (_desc) track',
        None,
        None,
        '(Ca Va + Cd Vd) / (Ca^2 + Cd^2) where sqrt(Ca^2 + Cd^2) >= c',
        'least squares; Notti et al. (2014)',
        Derivation((*_VELOCITIES, *_LOS_OF_TWO, *_NORMAL), two_tracks_family, parameters=_C),
    ),
    LayerSpec(
        'insar_downslope_two_tracks_weighted',
        Quantity('m/yr'),
        'the same, each track weighted by its standard deviation',
        None,
        None,
        'as above with weights 1 / std^2',
        'weighted least squares',
        Derivation(
            (*_VELOCITIES, *_LOS_OF_TWO, *_NORMAL, *_DEVIATIONS),
            two_tracks_family,
            parameters=_C,
        ),
    ),
    LayerSpec(
        'insar_downslope_two_tracks_std',
        Quantity('m/yr'),
        'standard deviation of the weighted velocity down the slope of two tracks',
        0,
        None,
        '(Ca^2 / std_a^2 + Cd^2 / std_d^2)^-1/2 where sqrt(Ca^2 + Cd^2) >= c',
        'weighted least squares',
        Derivation((*_DEVIATIONS, *_LOS_OF_TWO, *_NORMAL), two_tracks_std_family, parameters=_C),
    ),
    LayerSpec(
        'insar_velocity_east',
        Quantity('m/yr', Kind.EAST),
        'velocity to the east, of two tracks or as delivered; motion to the north neglected',
        -20,
        20,
        '(Va, Vd) = ((lE, lU)a, (lE, lU)d) (VE, VU)',
        _FIALKO,
        Derivation((*_VELOCITIES, *_LOS_OF_TWO), east_up_family),
    ),
    LayerSpec(
        'insar_velocity_up',
        Quantity('m/yr'),
        'velocity upward, of two tracks or as delivered; motion to the north leaks in by 0.17',
        -20,
        20,
        '(Va, Vd) = ((lE, lU)a, (lE, lU)d) (VE, VU)',
        _FIALKO,
        Derivation((*_VELOCITIES, *_LOS_OF_TWO), east_up_family),
    ),
    *(
        LayerSpec(
            f'insar_velocity_{way}_std',
            Quantity('m/yr'),
            f'standard deviation of the velocity {way}ward',
            0,
            None,
            'propagated through the inverse of (lE, lU)',
            _FIALKO,
            Derivation((*_DEVIATIONS, *_LOS_OF_TWO), east_up_std_family),
        )
        for way in ('east', 'up')
    ),
)
