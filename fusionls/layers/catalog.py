"""Every layer fusionls knows by name: its unit, kind, meaning, formula and source.

A name is ``<modality>_<quantity>[_<parameter>...][_<qualifier>]``. Parameters are numbers that
the layer's derivation takes (``terrain_hillshade_az90``); a qualifier (``_asc``, ``_2021``) may
follow any name. A layer that is not here can be declared with unit and kind in the scene
description.
"""

from __future__ import annotations

from dataclasses import replace

from fusionls.errors import LayerUnknownError, nearest_names
from fusionls.layers.geology.catalog import GEOLOGY_LAYERS
from fusionls.layers.insar.catalog import INSAR_LAYERS
from fusionls.layers.lidar.catalog import LIDAR_LAYERS
from fusionls.layers.optical.catalog import OPTICAL_LAYERS
from fusionls.layers.radar.catalog import RADAR_LAYERS
from fusionls.layers.spec import LayerSpec, measured
from fusionls.layers.terrain.catalog import TERRAIN_LAYERS

_OTHERS = (
    measured('thermal_inertia', 'thermal_inertia', 'thermal inertia, as delivered', 0),
    measured(
        'thermal_inertia_scaled', '1', 'thermal inertia, scaled by its publisher: without unit'
    ),
)

CATALOG: dict[str, LayerSpec] = {
    spec.name: spec
    for spec in (
        *OPTICAL_LAYERS,
        *RADAR_LAYERS,
        *TERRAIN_LAYERS,
        *INSAR_LAYERS,
        *LIDAR_LAYERS,
        *GEOLOGY_LAYERS,
        *_OTHERS,
    )
}


def layer_spec(name: str) -> LayerSpec:
    """Look a layer up; parameters and a qualifier after a catalogue name are allowed.

    Raises:
        LayerUnknownError: No catalogue name is a prefix of ``name``.
    """
    stem = stem_of(name)
    if stem is None:
        raise LayerUnknownError(
            f'layer {name!r} is unknown; {nearest_names(name, CATALOG)}. For a layer of your '
            'own, give its unit and kind beside its name.'
        )
    return replace(CATALOG[stem], name=name)


def stem_of(name: str) -> str | None:
    """The longest catalogue name that ``name`` begins with; None where there is none."""
    stem = name
    while stem and stem not in CATALOG:
        stem = stem.rpartition('_')[0]
    return stem or None


def modality_of(layer: str) -> str:
    """The modality a layer name starts with: ``insar_velocity_los_asc`` -> ``insar``."""
    return layer.partition('_')[0]
