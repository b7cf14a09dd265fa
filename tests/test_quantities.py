from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionls.errors import UnitUnknownError
from fusionls.quantities import CANONICAL_UNITS, Kind, Quantity, canonical, conversion


@pytest.mark.parametrize(
    ('unit', 'to', 'value', 'expected'),
    [
        ('mm/yr', 'm/yr', 25.0, 0.025),
        ('MM/YEAR', 'm/yr', 25.0, 0.025),
        ('ft', 'm', 1.0, 0.3048),
        ('us-ft', 'm', 3937.0, 1200.0),
        ('radian', 'degree', math.pi, 180.0),
        ('percent', '1', 50.0, 0.5),
        (' km ', 'm', 2.0, 2000.0),
    ],
)
def test_a_value_in_a_users_unit_becomes_canonical(unit, to, value, expected):
    assert value * conversion(unit, to) == pytest.approx(expected, rel=1e-15)


@given(st.sampled_from(sorted(CANONICAL_UNITS)))
def test_a_canonical_unit_stays_as_it_is(unit):
    assert canonical(unit) == (unit, 1.0)


@pytest.mark.parametrize('unit', ['reflectance', '1', 'percent', 'dn', 'digital_number'])
def test_optical_layers_are_kept_as_delivered(unit):
    assert conversion(unit, 'digital_number') == 1.0


def test_a_misspelt_unit_is_told_its_neighbours():
    with pytest.raises(UnitUnknownError, match=r"'mm/y' is unknown; did you mean .*mm/yr"):
        conversion('mm/y', 'm/yr')


def test_a_unit_of_something_else_is_refused_with_those_that_fit():
    with pytest.raises(UnitUnknownError, match=r"measures 'm', the layer needs 'm/yr'.*cm/yr"):
        conversion('mm', 'm/yr')


def test_a_quantity_takes_canonical_units_only_and_turns_its_kind_into_one():
    assert Quantity('m', 'azimuth').kind is Kind.AZIMUTH
    with pytest.raises(UnitUnknownError, match='canonical'):
        Quantity('ft')
