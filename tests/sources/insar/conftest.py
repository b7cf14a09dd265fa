"""Products of radar interferometry with a known truth, written as their makers lay them out.

The truth is ground that comes toward the satellite by 10 to 20 mm a year, with one void pixel;
the satellite ascends in the west, 39 degrees from vertical. Each test writes it in the units, the
sign and the nodata of its product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

ROWS, COLS = 6, 8
WEST, NORTH, STEP = 10.0, 45.0, 0.001
INCIDENCE, HEADING = 39.0, -12.0
DATES = ('20200101', '20200301', '20200630', '20201231', '20211231')


@pytest.fixture
def truth() -> SimpleNamespace:
    """Velocity m/yr toward the satellite, valid, the line of sight and the place of the pixels."""
    velocity = np.linspace(0.010, 0.020, ROWS * COLS).reshape(ROWS, COLS)
    valid = np.ones((ROWS, COLS), bool)
    valid[2, 3] = False
    inc, bearing = np.radians(INCIDENCE), np.radians(HEADING - 90)  # of the satellite
    los = (np.sin(inc) * np.sin(bearing), np.sin(inc) * np.cos(bearing), np.cos(inc))
    assert los[0] < 0  # in the west
    return SimpleNamespace(
        velocity=velocity,
        valid=valid,
        los=los,
        incidence=INCIDENCE,
        heading=HEADING,
        shape=(ROWS, COLS),
        west=WEST,
        north=NORTH,
        step=STEP,
    )


@pytest.fixture
def years() -> np.ndarray:
    """Years of the dates of a series since its first."""
    days = np.array([np.datetime64(f'{d[:4]}-{d[4:6]}-{d[6:]}') for d in DATES])
    return (days - days[0]).astype(float) / 365.25


@pytest.fixture
def series(truth, years) -> np.ndarray:
    """(dates, rows, cols) displacement of the truth since the first date, metres; void is NaN."""
    moved = years[:, None, None] * truth.velocity
    moved[:, ~truth.valid] = np.nan
    return moved


@pytest.fixture
def write_hdf5(tmp_path) -> Callable[..., Path]:
    """Writes data sets and root attributes, by h5py alone."""

    def write(name: str, data: Mapping[str, Any], attributes: Mapping[str, Any]) -> Path:
        path = tmp_path / name
        with h5py.File(path, 'w') as file:
            for key, values in data.items():
                file.create_dataset(key, data=values)
            for key, value in attributes.items():
                file.attrs[key] = value
        return path

    return write


@pytest.fixture
def mintpy_attributes() -> dict[str, str]:
    """What MintPy writes at the root of a geocoded file: all of it text."""
    return {
        'LENGTH': str(ROWS),
        'WIDTH': str(COLS),
        'X_FIRST': str(WEST),
        'Y_FIRST': str(NORTH),
        'X_STEP': str(STEP),
        'Y_STEP': str(-STEP),
        'X_UNIT': 'degrees',
        'Y_UNIT': 'degrees',
        'REF_DATE': DATES[0],
        'REF_LAT': '44.998',
        'REF_LON': '10.002',
        'ORBIT_DIRECTION': 'ASCENDING',
        'HEADING': str(HEADING),
        'WAVELENGTH': '0.05546576',
    }


@pytest.fixture
def write_velocity(write_hdf5, mintpy_attributes, truth) -> Callable[..., Path]:
    """Writes MintPy's velocity.h5; attributes given replace its own, None takes one away."""

    def write(name: str = 'velocity.h5', scale: float = 1.0, **changed: str | None) -> Path:
        told = {**mintpy_attributes, 'FILE_TYPE': 'velocity', 'UNIT': 'm/year', **changed}
        velocity = np.where(truth.valid, truth.velocity * scale, np.nan).astype(np.float32)
        deviation = np.where(truth.valid, 0.001 * scale, 0).astype(np.float32)
        data = {'velocity': velocity, 'velocityStd': deviation}
        return write_hdf5(name, data, {k: v for k, v in told.items() if v is not None})

    return write


@pytest.fixture
def write_lonlat(write_raster, truth) -> Callable[..., Path]:
    """Writes a GeoTIFF on the pixels of the truth, in longitude and latitude."""

    def write(name: str, values: np.ndarray, **options: Any) -> Path:
        return write_raster(
            name,
            np.asarray(values),
            **{
                'crs': 'EPSG:4326',
                'pixel': truth.step,
                'west': truth.west,
                'north': truth.north,
                **options,
            },
        )

    return write


@pytest.fixture
def layers_of() -> Callable[..., dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Reads everything some sources hold, layer by layer."""

    def read(sources: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        found = {}
        for source in sources:
            values, valid = source.read()
            found |= dict(zip(source.layers, zip(values, valid, strict=True), strict=True))
        return found

    return read


@pytest.fixture
def check_truth(truth) -> Callable[..., None]:
    """Checks that a velocity is the truth: m/yr, toward positive, void where it should be."""

    def check(plane: tuple[np.ndarray, np.ndarray], tolerance: float = 1e-6) -> None:
        values, valid = plane
        assert np.array_equal(valid, truth.valid)
        assert values[valid] == pytest.approx(truth.velocity[valid], abs=tolerance)
        assert (values[valid] > 0).all()
        assert (values[~valid] == 0).all()

    return check


@pytest.fixture
def check_los(truth) -> Callable[..., None]:
    """Checks that the line of sight is that of the truth."""

    def check(layers: Mapping[str, Any], track: str = '', sign: int = 1) -> None:
        for way, component in zip(('east', 'north', 'up'), truth.los, strict=True):
            values, valid = layers[f'insar_los_{way}{track}']
            assert valid.any()
            assert values[valid] == pytest.approx(sign * component, abs=1e-6)

    return check
