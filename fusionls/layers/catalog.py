"""Every layer fusionls knows by name: its unit, kind and meaning.

A name is ``<modality>_<quantity>[_<qualifier>]``. A qualifier (``_asc``, ``_2021``) may follow
any name of the catalogue; a layer that is not here can be declared with unit and kind in the
scene description.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionls.errors import LayerUnknownError, nearest_names
from fusionls.quantities import Kind, Quantity


@dataclass(frozen=True)
class LayerSpec:
    """A known layer: what it is called, what its numbers mean."""

    name: str
    quantity: Quantity
    meaning: str


def _specs(*rows: tuple[str, str, Kind, str]) -> dict[str, LayerSpec]:
    return {
        name: LayerSpec(name, Quantity(unit, kind), meaning) for name, unit, kind, meaning in rows
    }


_C = Kind.CONTINUOUS
CATALOG: dict[str, LayerSpec] = _specs(
    ('optical_red', 'digital_number', _C, 'red, as delivered (reflectance or counts)'),
    ('optical_green', 'digital_number', _C, 'green, as delivered'),
    ('optical_blue', 'digital_number', _C, 'blue, as delivered'),
    ('optical_nir', 'digital_number', _C, 'near infrared, as delivered'),
    ('optical_grey', 'digital_number', _C, 'panchromatic or grey image, as delivered'),
    ('terrain_elevation', 'm', _C, 'height of the ground above the datum'),
    ('terrain_slope', 'degree', _C, 'steepest slope'),
    ('terrain_hillshade', '1', Kind.LIT, 'cosine of the angle between sun and ground normal'),
    ('insar_velocity_los', 'm/yr', _C, 'line-of-sight velocity, positive toward the satellite'),
    ('insar_coherence', '1', _C, 'temporal or interferometric coherence, 0 to 1'),
    ('lidar_ground', 'm', _C, 'bare-earth elevation (DTM)'),
    ('lidar_surface', 'm', _C, 'surface elevation (DSM)'),
    ('lidar_canopy_height', 'm', _C, 'surface minus ground'),
    ('lidar_slope', 'degree', _C, 'steepest slope of the bare earth'),
    ('lidar_hillshade', '1', Kind.LIT, 'hillshade of the bare earth'),
    ('thermal_inertia', 'thermal_inertia', _C, 'thermal inertia, as delivered'),
)


def layer_spec(name: str) -> LayerSpec:
    """Look a layer up; a qualifier after a catalogue name is allowed.

    Raises:
        LayerUnknownError: No catalogue name is a prefix of ``name``.
    """
    stem = name
    while stem:
        if stem in CATALOG:
            found = CATALOG[stem]
            return LayerSpec(name, found.quantity, found.meaning)
        stem = stem.rpartition('_')[0]
    raise LayerUnknownError(
        f'layer {name!r} is unknown; {nearest_names(name, CATALOG)}. For a layer of your own, '
        'give its unit and kind beside its name.'
    )


def modality_of(layer: str) -> str:
    """The modality a layer name starts with: ``insar_velocity_los_asc`` -> ``insar``."""
    return layer.partition('_')[0]
