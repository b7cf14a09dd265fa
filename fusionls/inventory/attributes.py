"""What is known about each landslide: its shape, the ground, the motion, and who saw it.

Flow: labels, polygons, stack -> [here] -> inventory.landslides.
Layers are taken at their own pixel size: slope and aspect are derived there, never from
interpolated elevation. A coarse pixel that a landslide covers in part counts by that part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas
import shapely
from numpy.typing import NDArray

from fusionls.evaluation.functional.objects import LabelArray
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.window import Window, row_strips
from fusionls.inventory.schema import SUPPORT, VALID_SHARE
from fusionls.layers.terrain import horn_gradient

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack

Column = NDArray[np.float64]  # (labels,)
T = TypeVar('T', bound=np.generic)
STRIP_ROWS = 256  # base pixels read at a time, before rounding to the coarsest pixel
GROUND = (('terrain_elevation', 'terrain_slope'), ('lidar_ground', 'lidar_slope'))
"""Elevation and slope layers, in the order in which they are trusted."""
VELOCITY = 'insar_velocity_los'


def shape_attributes(
    polygons: Sequence[shapely.MultiPolygon], metres_per_unit: float
) -> dict[str, Column]:
    """Area, perimeter, length and width of polygons.

    Args:
        polygons: In a projected CRS.
        metres_per_unit: Length of a CRS unit, metres.

    Returns:
        ``area_m2``, ``perimeter_m`` and the sides ``length_m`` >= ``width_m`` of the smallest
        rotated rectangle, one value per polygon.
    """
    geometries = np.array(polygons, dtype=object)
    boxes = shapely.oriented_envelope(geometries)
    corners = np.array([shapely.get_coordinates(box)[:3] for box in boxes]).reshape(-1, 3, 2)
    sides = np.hypot(*np.moveaxis(np.diff(corners, axis=1), -1, 0))  # (n, 2)
    return {
        'area_m2': shapely.area(geometries).astype(float) * metres_per_unit**2,
        'perimeter_m': shapely.length(geometries).astype(float) * metres_per_unit,
        'length_m': sides.max(axis=1) * metres_per_unit,
        'width_m': sides.min(axis=1) * metres_per_unit,
    }


def probability_attributes(labels: LabelArray, probability: FloatArray) -> dict[str, Column]:
    """Mean and largest probability of each label from 1 on."""
    zones = _Zones(int(labels.max(initial=0)))
    inside = labels > 0
    zones.add(labels[inside], probability[inside])
    return {'probability_mean': zones.mean, 'probability_max': zones.highest}


def support_attributes(labels: LabelArray, support: Mapping[str, FloatArray]) -> dict[str, Column]:
    """Mean support of each label from 1 on by each modality.

    Args:
        labels: (rows, cols), 0 background.
        support: (rows, cols) log-odds per modality, NaN where nothing is known.
    """
    inside = labels > 0
    columns = {}
    for name, values in support.items():
        zones = _Zones(int(labels.max(initial=0)))
        known = inside & ~np.isnan(values)
        zones.add(labels[known], values[known])
        columns[f'{SUPPORT}{name}'] = zones.mean
    return columns


def stack_attributes(labels: LabelArray, stack: LayerStack) -> dict[str, Column | list[str | None]]:
    """Slope, relief, aspect, velocity and valid shares of each label from 1 on.

    Args:
        labels: (rows, cols) on the stack's base grid, 0 background.
        stack: The scene; read strip by strip.

    Returns:
        Columns by name as in ``inventory.schema``; NaN (None for text) is null.
    """
    count = int(labels.max(initial=0))
    shares = {name: _Zones(count) for name in stack.modalities}
    grounds = {elevation: _Ground(count) for elevation, _ in GROUND}
    motions = {layer: _Values() for layer in _layers(stack, VELOCITY)}
    for strip in _strips(labels, stack):
        for name, (_, valid) in strip.sample.items():
            shares[name].add(strip.labels, strip.at(name, valid))
        for elevation, slope in GROUND:
            grounds[elevation].add(strip, elevation, slope)
        for layer, values in motions.items():
            values.add(strip.labels, *strip.layer(layer))
    velocity, velocity_layer = _fastest(motions, count)
    ground = list(grounds.values())
    return {
        'slope_mean_degrees': _first_known([g.slope.mean for g in ground]),
        'relief_m': _first_known([g.height.highest - g.height.lowest for g in ground]),
        'aspect_degrees': _first_known([g.aspect_degrees for g in ground]),
        'velocity_los_m_per_yr': velocity,
        'velocity_layer': velocity_layer,
        **{f'{VALID_SHARE}{name}': zones.mean for name, zones in shares.items()},
    }


class _Zones:
    """Count, mean, lowest and highest value of each label, added up piece by piece."""

    def __init__(self, count: int) -> None:
        self._n = np.zeros(count + 1)
        self._sum = np.zeros(count + 1)
        self._low = np.full(count + 1, np.inf)
        self._high = np.full(count + 1, -np.inf)

    def add(self, labels: LabelArray, values: NDArray[np.generic]) -> None:
        values = values.astype(np.float64)
        self._n += np.bincount(labels, minlength=len(self._n))
        self._sum += np.bincount(labels, values, minlength=len(self._n))
        np.minimum.at(self._low, labels, values)
        np.maximum.at(self._high, labels, values)

    @property
    def mean(self) -> Column:
        with np.errstate(invalid='ignore'):  # 0 / 0 is the NaN of a label without a value
            return (self._sum / self._n)[1:]

    @property
    def lowest(self) -> Column:
        return np.where(self._n > 0, self._low, np.nan)[1:]

    @property
    def highest(self) -> Column:
        return np.where(self._n > 0, self._high, np.nan)[1:]


class _Values:
    """Every value of every label, for medians; only landslide pixels are held."""

    def __init__(self) -> None:
        self._labels: list[LabelArray] = []
        self._values: list[FloatArray] = []

    def add(self, labels: LabelArray, values: FloatArray, valid: BoolArray) -> None:
        self._labels.append(labels[valid])
        self._values.append(values[valid])

    def medians(self, count: int) -> Column:
        frame = pandas.DataFrame(
            {'label': np.concatenate(self._labels), 'value': np.concatenate(self._values)}
        )
        medians = frame.groupby('label')['value'].median()
        return medians.reindex(range(1, count + 1)).to_numpy(np.float64)


class _Strip:
    """Some rows of a scene: the labels of landslide pixels, and layers at these pixels."""

    def __init__(self, stack: LayerStack, labels: LabelArray, area: Window) -> None:
        margin = stack.coarsest  # a pixel of every modality on each side, for gradients
        self.stack = stack
        self.sample = stack.read(area.grown(margin))
        rows, cols = np.nonzero(labels[area.row : area.row + area.height])
        self.labels = labels[area.row + rows, cols]
        self._rows, self._cols = rows + margin, cols + margin

    def at(self, modality: str, values: NDArray[T]) -> NDArray[T]:
        """Values of a modality (h/f, w/f), margin included, at the landslide pixels."""
        factor = self.stack.modalities[modality].factor
        return values[self._rows // factor, self._cols // factor]

    def layer(self, name: str) -> tuple[FloatArray, BoolArray]:
        """Values and valid of a layer at the landslide pixels."""
        modality = _layers(self.stack, name)[name]
        values, valid = self.sample[modality]
        index = self.stack.modalities[modality].layers.index(name)
        return self.at(modality, values[index]), self.at(modality, valid)


class _Ground:
    """Height, slope and aspect of each label, from one elevation source."""

    def __init__(self, count: int) -> None:
        self.height, self.slope = _Zones(count), _Zones(count)
        self._east, self._north = np.zeros(count + 1), np.zeros(count + 1)

    def add(self, strip: _Strip, elevation: str, slope: str) -> None:
        stack = strip.stack
        height_layer = next(iter(_layers(stack, elevation)), None)
        slope_layer = next(iter(_layers(stack, slope)), None)
        if slope_layer is not None:
            values, valid = strip.layer(slope_layer)
            self.slope.add(strip.labels[valid], values[valid])
        if height_layer is None:
            return
        values, valid = strip.layer(height_layer)
        self.height.add(strip.labels[valid], values[valid])
        name = _layers(stack, elevation)[height_layer]
        modality = stack.modalities[name]
        heights = strip.sample[name][0][modality.layers.index(height_layer)]
        parts = horn_gradient(heights, strip.sample[name][1], modality.grid.pixel)
        east, north, known = (strip.at(name, part) for part in parts)
        labels, east, north = strip.labels[known], east[known], north[known]
        steepness = np.hypot(east, north)
        if slope_layer is None:
            self.slope.add(labels, np.degrees(np.arctan(steepness)))
        tilted = steepness > 0
        for total, part in ((self._east, east), (self._north, north)):
            unit = part[tilted] / steepness[tilted]
            # the ground faces where it falls
            total -= np.bincount(labels[tilted], unit, minlength=len(total))

    @property
    def aspect_degrees(self) -> Column:
        degrees = np.degrees(np.arctan2(self._east, self._north)) % 360
        # directions that cancel leave rounding errors, which point nowhere
        return np.where(np.hypot(self._east, self._north) > 1e-6, degrees, np.nan)[1:]


def _strips(labels: LabelArray, stack: LayerStack) -> Iterator[_Strip]:
    height = -(-STRIP_ROWS // stack.coarsest) * stack.coarsest
    for area in row_strips(labels.shape[0], labels.shape[1], height):
        if labels[area.slices].any():
            yield _Strip(stack, labels, area)


def _layers(stack: LayerStack, stem: str) -> dict[str, str]:
    """Modality by layer name, for the layers called ``stem`` or ``stem_<qualifier>``."""
    return {
        layer: modality.name
        for modality in stack.modalities.values()
        for layer in modality.layers
        if layer == stem or layer.startswith(f'{stem}_')
    }


def _first_known(columns: Sequence[Column]) -> Column:
    known = columns[0]
    for column in columns[1:]:
        known = np.where(np.isnan(known), column, known)
    return known


def _fastest(motions: dict[str, _Values], count: int) -> tuple[Column, list[str | None]]:
    """Median of the look with the largest magnitude, and that look's name."""
    if not motions or count == 0:
        return np.full(count, np.nan), [None] * count
    names = list(motions)
    medians = np.stack([values.medians(count) for values in motions.values()])  # (looks, n)
    best = np.argmax(np.nan_to_num(np.abs(medians), nan=-1), axis=0)
    fastest = medians[best, np.arange(count)]
    return fastest, [
        None if np.isnan(value) else names[look] for value, look in zip(fastest, best, strict=True)
    ]
