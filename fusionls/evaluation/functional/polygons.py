"""Two inventories against each other: polygons matched one to one, without a raster between.

Flow: predicted and mapped polygons in one metric CRS -> [here] -> objects.ObjectMatch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fusionls.errors import InputError, raise_together
from fusionls.evaluation.functional.assignment import best_pairs
from fusionls.evaluation.functional.objects import IOU_THRESHOLD, ObjectMatch

Polygons = Sequence[BaseGeometry] | NDArray[np.object_]


def match_polygons(
    predicted: Polygons, truth: Polygons, *, iou_threshold: float = IOU_THRESHOLD
) -> ObjectMatch:
    """Match by intersection over union.

    Args:
        predicted: Polygons or multipolygons; a landslide each.
        truth: The same, in the same CRS.
        iou_threshold: Least IoU of a pair, above 0 and up to 1.

    Returns:
        Labels are positions, from 0.

    Raises:
        InputError: A geometry is missing, empty, no polygon or invalid; all are listed.
        ValueError: The threshold is out of range.
    """
    if not 0 < iou_threshold <= 1:
        raise ValueError(f'iou_threshold must be above 0 and up to 1, got {iou_threshold}')
    rows, cols = _overlapping(*_checked(predicted, truth))
    found, true = np.asarray(predicted, object), np.asarray(truth, object)
    areas = shapely.area(true)[rows], shapely.area(found)[cols]
    # the smaller over the larger area bounds the IoU: most neighbours need no overlay
    hopeful = np.minimum(*areas) >= iou_threshold * np.maximum(*areas)
    rows, cols = rows[hopeful], cols[hopeful]
    common = shapely.area(shapely.intersection(true[rows], found[cols]))
    iou = common / (areas[0][hopeful] + areas[1][hopeful] - common)
    near = iou >= iou_threshold
    return ObjectMatch(
        tuple(range(len(true))),
        tuple(range(len(found))),
        tuple(best_pairs(rows[near], cols[near], iou[near], (len(true), len(found)))),
    )


def match_polygon_centroids(
    predicted: Polygons, truth: Polygons, *, distance: float
) -> ObjectMatch:
    """Match by the distance of centroids.

    Args:
        predicted: Polygons or multipolygons; a landslide each.
        truth: The same, in the same CRS.
        distance: Largest distance of two centroids, CRS units.

    Returns:
        Labels are positions, from 0; closeness is 1 down to 1/2 at ``distance``.

    Raises:
        InputError: A geometry is missing, empty, no polygon or invalid; all are listed.
        ValueError: The distance is not positive.
    """
    if not distance > 0:
        raise ValueError(f'the distance must be above 0, got {distance}')
    found, true = (shapely.centroid(given) for given in _checked(predicted, truth))
    cols, rows = shapely.STRtree(true).query(found, predicate='dwithin', distance=distance)
    closeness = 1 - shapely.distance(true[rows], found[cols]) / (2 * distance)
    pairs = best_pairs(rows, cols, closeness, (len(true), len(found)))
    return ObjectMatch(tuple(range(len(true))), tuple(range(len(found))), tuple(pairs))


def _overlapping(
    found: NDArray[np.object_], true: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of true and predicted polygons whose bounding boxes meet."""
    if not len(found) or not len(true):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cols, rows = shapely.STRtree(true).query(found)
    return rows, cols


def _checked(
    predicted: Polygons, truth: Polygons
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Both as arrays of geometries that have an area.

    Raises:
        InputError: Some have none.
    """
    problems = []
    arrays = []
    for name, given in (('predicted', predicted), ('true', truth)):
        array = np.asarray(given, object)
        missing, empty = shapely.is_missing(array), shapely.is_empty(array)
        there = ~missing & ~empty
        for fault, wrong in (
            ('missing', missing),
            ('empty', empty),
            ('no polygon', there & (shapely.get_dimensions(array) != 2)),
            ('invalid', there & ~shapely.is_valid(array)),
        ):
            where = np.flatnonzero(wrong)
            if len(where):
                problems.append(
                    f'{len(where)} {name} geometries are {fault}, the first at position {where[0]}'
                )
        arrays.append(array)
    raise_together(
        InputError,
        'inventories cannot be matched',
        problems,
        'Drop what has no area and repair the rest by shapely.make_valid.',
    )
    return arrays[0], arrays[1]
