from __future__ import annotations

import pytest

from fusionls.errors import LayerUnknownError
from fusionls.layers.catalog import CATALOG, layer_spec, modality_of
from fusionls.quantities import Kind


def test_a_qualifier_keeps_the_meaning():
    found = layer_spec('insar_velocity_los_asc')
    assert found.name == 'insar_velocity_los_asc'
    assert found.quantity == CATALOG['insar_velocity_los'].quantity


@pytest.mark.parametrize('name', ['terrain_sloppe', 'slope', '', 'insar'])
def test_an_unknown_layer_is_told_its_neighbours_and_the_cure(name):
    with pytest.raises(LayerUnknownError, match=r'is unknown.*give its unit and kind'):
        layer_spec(name)


def test_hillshades_are_lit_and_nothing_else_is():
    lit = {name for name, spec in CATALOG.items() if spec.quantity.kind is Kind.LIT}
    assert lit == {name for name in CATALOG if '_hillshade' in name}


def test_every_name_begins_with_its_modality():
    assert {modality_of(name) for name in CATALOG} >= {'optical', 'terrain', 'insar', 'lidar'}
    assert modality_of('lidar_canopy_height') == 'lidar'
