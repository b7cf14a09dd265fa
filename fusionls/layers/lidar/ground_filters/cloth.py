"""Cloth simulation: a cloth dropped on the cloud turned upside down.

Flow: lowest point per cell -> the package cloth-simulation-filter -> [here] -> BareEarth.
Source: Zhang et al. (2016), An easy-to-use airborne LiDAR data filtering method based on cloth
simulation, Remote Sens. 8, 501, by the authors' own code (extra ``cloth``).
Differs: it is given the lowest point of each cell instead of all points.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusionls.errors import InputError
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.lidar.bare_earth import BareEarth
from fusionls.layers.lidar.ground_filters.surface import between_ground, cleaned


@dataclass(frozen=True)
class ClothSimulationFilter:
    """CSF.

    Attributes:
        cloth: Distance of the cloth's particles, metres.
        rigidness: 1 steep, 2 gentle, 3 flat ground.
        iterations: At most.
        threshold: Metres from the cloth within which a point is ground.
        tolerance: Metres within which a point lies on the ground afterwards.
    """

    cloth: float = 1.0
    rigidness: int = 1
    iterations: int = 500
    threshold: float = 0.5
    tolerance: float = 0.5

    def bare_earth(self, lowest: FloatArray, valid: BoolArray, pixel: float) -> BareEarth:
        """See :class:`fusionls.layers.lidar.bare_earth.GroundFilter`.

        Raises:
            InputError: The package is not installed.
        """
        package = _package()
        surface, sound = cleaned(lowest, valid, pixel)
        rows, cols = np.nonzero(sound)
        points = np.stack([cols * pixel, -rows * pixel, surface[sound]], axis=1).astype(np.float64)
        with _silence():
            csf = package.CSF()
            csf.params.bSloopSmooth = self.rigidness == 1
            csf.params.cloth_resolution = self.cloth
            csf.params.rigidness = self.rigidness
            csf.params.interations = self.iterations
            csf.params.class_threshold = self.threshold
            csf.setPointCloud(points)
            below, above = package.VecInt(), package.VecInt()
            csf.do_filtering(below, above, False)
        index = np.array(below, dtype=np.intp)
        ground = np.zeros(surface.shape, bool)
        ground[rows[index], cols[index]] = True
        return between_ground(surface, ground, pixel, self.tolerance, 1.0)


def _package() -> Any:
    try:
        return importlib.import_module('CSF')
    except ImportError as error:
        raise InputError(
            "the ground filter 'cloth' needs a package: pip install cloth-simulation-filter; the "
            'other filters need nothing'
        ) from error


@contextmanager
def _silence() -> Iterator[None]:
    """The package prints to the process's own standard output, behind Python's back."""
    kept = os.dup(1)
    with open(os.devnull, 'wb') as nothing:
        os.dup2(nothing.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)
