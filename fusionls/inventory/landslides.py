"""Make an inventory: probability map in, polygons with attributes out.

Flow: inference -> [here: vectorize, attributes, export] -> GeoPackage, QGIS.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import pandas

import fusionls
from fusionls.errors import BandCountError, GridMismatchError, InputError
from fusionls.evaluation.functional.objects import LabelArray
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.inventory.attributes import (
    probability_attributes,
    shape_attributes,
    stack_attributes,
    support_attributes,
)
from fusionls.inventory.export import check_suffix, write_inventory
from fusionls.inventory.schema import SUPPORT, fields_of
from fusionls.inventory.vectorize import landslide_labels, landslide_polygons

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack

SPECK_PIXELS = 4
"""Objects of fewer pixels are noise, and holes of up to as many are filled, by default."""


def make_inventory(
    probability: str | Path,
    out: str | Path,
    *,
    stack: LayerStack | None = None,
    support: str | Path | None = None,
    threshold: float = 0.5,
    min_area_m2: float | None = None,
    fill_area_m2: float | None = None,
) -> geopandas.GeoDataFrame:
    """Write the landslides of a probability map.

    Args:
        probability: Single-band raster, 0 to 1, in a projected CRS; invalid pixels are never
            landslide.
        out: ``.gpkg``, ``.geojson`` or ``.parquet``.
        stack: The scene, on the same grid, for slope, relief, aspect, velocity and the shares
            that each modality saw. Without it these fields are null or left out.
        support: Raster of how much each modality carried the decision, written by
            ``apis.predict_scene`` on the same grid; without it these fields are left out.
        threshold: Least probability of a landslide pixel.
        min_area_m2: Smaller landslides are dropped; 4 pixels by default.
        fill_area_m2: Holes up to this area are filled; 4 pixels by default, 0 fills none.

    Returns:
        One row per landslide with the fields of ``inventory.schema``; none is an inventory too.

    Raises:
        InputError: The map is no probability map, is not in a projected CRS, does not lie on the
            grid of the stack, or the numbers make no sense.
        OutputError: Writing failed; nothing stands under ``out`` that was not there before.
    """
    check_suffix(out)
    values, valid, grid, tags = _read(Path(probability))
    if stack is not None and not stack.grid.is_same_as(grid):
        raise GridMismatchError(
            f'{probability} lies on {grid}, the stack {stack.folder} on {stack.grid}; '
            'give the stack the map was made from'
        )
    pixel_area = grid.pixel_width * grid.pixel_height * grid.metres_per_unit**2
    smallest = SPECK_PIXELS * pixel_area if min_area_m2 is None else min_area_m2
    largest_hole = SPECK_PIXELS * pixel_area if fill_area_m2 is None else fill_area_m2
    if smallest < 0 or largest_hole < 0:
        raise InputError(f'areas must not be below 0 m2, got {smallest} and {largest_hole}')
    labels = landslide_labels(
        values,
        valid,
        threshold=threshold,
        # areas are seldom exact multiples of a pixel in floating point
        min_pixels=math.ceil(smallest / pixel_area - 1e-9),
        fill_pixels=math.floor(largest_hole / pixel_area + 1e-9),
    )
    carried = {} if support is None else _read_support(Path(support), grid)
    frame = inventory_frame(labels, values, grid, stack, carried)
    simulated = tags.get('simulated') == 'true' or (stack is not None and stack.simulated)
    parameters = {
        'fusionls_version': fusionls.__version__,
        'simulated': str(simulated).lower(),
        'scene': tags.get('scene', '' if stack is None else stack.name),
        'checkpoint': tags.get('checkpoint', ''),
        'probability_map': Path(probability).name,
        'threshold': f'{threshold:g}',
        'min_area_m2': f'{smallest:g}',
        'fill_area_m2': f'{largest_hole:g}',
    }
    write_inventory(frame, out, parameters=parameters)
    return frame


def inventory_frame(
    labels: LabelArray,
    probability: FloatArray,
    grid: Grid,
    stack: LayerStack | None = None,
    support: Mapping[str, FloatArray] | None = None,
) -> geopandas.GeoDataFrame:
    """Outline and describe labelled landslides.

    Args:
        labels: (rows, cols), 0 background, then 1 to n without a gap.
        probability: (rows, cols), 0 to 1.
        grid: Where the pixels are; projected.
        stack: On the same grid, or None.
        support: (rows, cols) log-odds per modality, or None.
    """
    polygons = landslide_polygons(labels, grid)
    columns: dict[str, object] = {
        'id': np.arange(1, len(polygons) + 1),
        **shape_attributes(polygons, grid.metres_per_unit),
        **probability_attributes(labels, probability),
        **({} if stack is None else stack_attributes(labels, stack)),
        **support_attributes(labels, support or {}),
    }
    fields = fields_of([] if stack is None else stack.modalities, support or {})
    table = {
        field.name: pandas.Series(columns.get(field.name), range(len(polygons)), field.dtype)
        for field in fields
    }
    return geopandas.GeoDataFrame(table, geometry=polygons, crs=grid.crs)


def _read_support(path: Path, grid: Grid) -> dict[str, FloatArray]:
    """Log-odds (rows, cols) per modality, NaN where invalid."""
    with opened(path) as dataset:
        names = [name or '' for name in dataset.descriptions]
        wrong = [name for name in names if not name.startswith(SUPPORT)]
        if wrong:
            raise InputError(
                f'{path}: bands are called {", ".join(map(repr, names))}; expected '
                f'{SUPPORT}<modality> each, as tools/predict_scene.py --support writes them'
            )
        own = grid_of(dataset)
        if not own.is_same_as(grid):
            raise GridMismatchError(
                f'{path} lies on {own}, the probability map on {grid}; give the support of that map'
            )
        values, valid = read_bands(dataset, list(range(1, dataset.count + 1)))
    return {
        name.removeprefix(SUPPORT): np.where(ok, plane, np.float32(np.nan))
        for name, plane, ok in zip(names, values, valid, strict=True)
    }


def _read(path: Path) -> tuple[FloatArray, BoolArray, Grid, dict[str, str]]:
    with opened(path) as dataset:
        if dataset.count != 1:
            raise BandCountError(
                f'{path}: has {dataset.count} bands; expected one, the landslide probability'
            )
        grid = grid_of(dataset)
        grid.metres_per_unit  # noqa: B018 - refuses degrees before anything is read
        values, valid = read_bands(dataset, [1])
        tags = dataset.tags()
    low, high = values[0].min(), values[0].max()
    if low < 0 or high > 1:
        raise InputError(
            f'{path}: holds values from {low:g} to {high:g}; expected a probability from 0 to 1'
        )
    return values[0], valid[0], grid, tags
