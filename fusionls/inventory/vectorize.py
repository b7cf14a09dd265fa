"""From probability to polygons: objects first, outlines last.

Flow: probability raster -> [here] -> inventory.attributes.
Specks are dropped on the raster, before anything is outlined: most objects of a noisy map are
specks, and an outline costs far more than a count.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from rasterio import features
from scipy import ndimage

from fusionls.errors import InputError
from fusionls.evaluation.functional.objects import LabelArray, label_objects
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray


def landslide_labels(
    probability: FloatArray,
    valid: BoolArray,
    *,
    threshold: float,
    min_pixels: int,
    fill_pixels: int,
) -> LabelArray:
    """Number the landslides of a probability map.

    A landslide is a set of valid pixels of at least ``threshold`` that hang together by edges or
    corners (8 neighbours).

    Args:
        probability: (H, W), 0 to 1; anything where invalid.
        valid: (H, W) bool.
        threshold: Above 0, up to 1.
        min_pixels: Landslides of fewer pixels are dropped.
        fill_pixels: Holes of up to so many pixels become part of the landslide around them,
            unless they hold an invalid pixel or another landslide; 0 fills none.

    Returns:
        (H, W) int32: 0 no landslide, 1, 2, ... in the order of their first pixel, row by row.

    Raises:
        InputError: ``threshold`` is out of range.
    """
    if not 0 < threshold <= 1:
        raise InputError(
            f'the threshold {threshold} is no probability above 0; use one up to 1, e.g. 0.5'
        )
    labels = label_objects(valid & (probability >= threshold), min_pixels=min_pixels)
    if fill_pixels > 0:
        _fill_holes(labels, valid, fill_pixels)
    return labels


def landslide_polygons(labels: LabelArray, grid: Grid) -> list[shapely.MultiPolygon]:
    """Outline every labelled landslide along pixel edges.

    Args:
        labels: (H, W) int32, 0 background, then 1 to n without a gap.
        grid: Where the pixels are.

    Returns:
        One valid multipolygon per label, in label order, CRS units. Pixels that touch only by a
        corner are parts of one multipolygon, since a polygon that touches itself is invalid.
    """
    parts: defaultdict[int, list[shapely.Polygon]] = defaultdict(list)
    shapes = features.shapes(labels, mask=labels > 0, connectivity=4, transform=grid.transform)
    for geometry, label in shapes:
        parts[int(label)].append(shapely.geometry.shape(geometry))
    return [_as_multipolygon(parts[label]) for label in range(1, len(parts) + 1)]


def _as_multipolygon(polygons: list[shapely.Polygon]) -> shapely.MultiPolygon:
    whole = shapely.MultiPolygon(polygons)
    if not whole.is_valid:
        # GDAL outlines holes that touch by a corner as one ring that touches itself
        repaired = shapely.make_valid(whole)
        whole = (
            repaired
            if isinstance(repaired, shapely.MultiPolygon)
            else shapely.MultiPolygon([repaired])
        )
    return whole


def _fill_holes(labels: LabelArray, valid: BoolArray, fill_pixels: int) -> None:
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[box]
        other = inside != label
        gaps, count = ndimage.label(other)
        if count == 0:
            continue
        fillable = np.bincount(gaps.ravel(), minlength=count + 1) <= fill_pixels
        fillable[0] = False
        for edge in (gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]):
            fillable[edge] = False  # open to the outside, so no hole
        fillable[gaps[other & (~valid[box] | (inside > 0))]] = False
        inside[fillable[gaps]] = label
