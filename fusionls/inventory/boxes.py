"""Boxes of landslides as polygons with attributes, for QGIS.

Flow: inference.active_deformation -> [here] -> GeoPackage, GeoJSON or GeoParquet.
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import shapely

from fusionls.geo.grid import Grid
from fusionls.geo.vector_io import write_polygons
from fusionls.inference.active_deformation import JoinedBoxes
from fusionls.inventory.export import check_suffix

LAYER = 'landslide_boxes'
"""Layer of the GeoPackage that holds them."""


def box_frame(found: JoinedBoxes, grid: Grid) -> geopandas.GeoDataFrame:
    """A row per box, in the order given.

    Args:
        found: Boxes in pixels of ``grid``.
        grid: Where they are.

    Returns:
        ``id`` from 1, ``score``, ``detector_score`` (null without a box of the detector),
        ``verdict`` (see ``active_deformation.Verdict``), ``insar_valid_share``, ``active_share``
        (of the valid part; null without one), ``active_speed_m_per_yr`` (null where nothing is
        active), and the rectangle in the CRS of the grid.
    """
    east = grid.west + found.boxes[:, [0, 2]] * grid.pixel_width
    north = grid.north - found.boxes[:, [1, 3]] * grid.pixel_height
    return geopandas.GeoDataFrame(
        {
            'id': np.arange(1, len(found.boxes) + 1),
            'score': found.scores,
            'detector_score': found.detector_scores,
            'verdict': [str(verdict) for verdict in found.verdicts],
            'insar_valid_share': found.valid_shares,
            'active_share': found.active_shares,
            'active_speed_m_per_yr': found.speeds,
        },
        geometry=shapely.box(east[:, 0], north[:, 1], east[:, 1], north[:, 0]),
        crs=grid.crs,
    )


def write_boxes(found: JoinedBoxes, grid: Grid, path: str | Path) -> geopandas.GeoDataFrame:
    """Write :func:`box_frame`, whole or not at all, and return it.

    Raises:
        InputError: The suffix is none that an inventory may have.
        OutputError: Writing failed.
    """
    check_suffix(path)
    frame = box_frame(found, grid)
    write_polygons(frame, path, LAYER)
    return frame
