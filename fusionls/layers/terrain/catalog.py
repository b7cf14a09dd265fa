"""Layers of an elevation model: what sources hold, and what is derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fusionls.geo.cell_size import Cell
from fusionls.layers.spec import Derivation, LayerSpec, Parameter, Plane, Wanted, measured
from fusionls.layers.terrain.hillshade import hillshade
from fusionls.layers.terrain.slope import HALO, slope_degrees
from fusionls.quantities import Kind, Quantity


def local_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Layers of the 3x3 neighbourhood."""
    ((elevation, valid),) = parts
    found = []
    for layer in wanted:
        if layer.quantity == 'slope':
            found.append(slope_degrees(elevation, valid, cell))
        else:
            sun = layer.parameters['az'], layer.parameters['alt']
            found.append(hillshade(elevation, valid, cell, *sun))
    return found


def of_elevation(modality: str, elevation: str) -> tuple[LayerSpec, ...]:
    """Everything that is derived from an elevation layer, named for a modality."""
    local = Derivation((elevation,), local_family, HALO)
    sun = {
        'az': Parameter(315, 'azimuth of the sun, degrees clockwise from north', 0, 360),
        'alt': Parameter(45, 'altitude of the sun, degrees', 1, 90),
    }
    return (
        LayerSpec(
            f'{modality}_slope',
            Quantity('degree'),
            'steepest slope',
            0,
            90,
            'atan |grad z|',
            'Horn (1981)',
            local,
        ),
        LayerSpec(
            f'{modality}_hillshade',
            Quantity('1', Kind.LIT),
            'cosine of the angle between sun and ground normal',
            0,
            1,
            'max(0, n . s)',
            'Lambert; Horn (1981)',
            replace(local, parameters=sun),
        ),
    )


TERRAIN_LAYERS: tuple[LayerSpec, ...] = (
    measured('terrain_elevation', 'm', 'height of the ground above the datum', -11000, 9000),
    *of_elevation('terrain', 'terrain_elevation'),
)
