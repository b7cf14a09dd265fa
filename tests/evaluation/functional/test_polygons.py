from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import affinity

from fusionls.errors import InputError
from fusionls.evaluation.functional.objects import match_centroids, match_labels
from fusionls.evaluation.functional.polygons import match_polygon_centroids, match_polygons


def squares(count, seed, size=(2, 9), world=60):
    """Boxes on whole metres, so that a raster of 1 m has exactly their areas."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, world - size[1], (count, 2))
    side = rng.integers(*size, (count, 2))
    return shapely.box(*low.T, *(low + side).T)


def burnt(polygons, world=60):
    """(world, world) labels 1, 2, ...; only for polygons that do not overlap."""
    labels = np.zeros((world, world), np.int64)
    rows, cols = np.indices(labels.shape) + 0.5
    for number, polygon in enumerate(polygons, start=1):
        labels[shapely.contains_xy(polygon, cols, rows)] = number
    return labels


def apart(polygons):
    """Those that overlap none of the earlier ones."""
    kept = []
    for polygon in polygons:
        if all(polygon.intersection(other).area == 0 for other in kept):
            kept.append(polygon)
    return kept


@pytest.mark.parametrize('threshold', [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_polygons_match_as_their_rasters_do(threshold, seed):
    truth = apart(squares(40, seed))
    moved = [
        affinity.translate(p, *np.random.default_rng(i).integers(-1, 2, 2))
        for i, p in enumerate(truth)
    ]
    predicted = apart([p for p in moved if shapely.box(0, 0, 60, 60).contains(p)])
    found = match_polygons(predicted, truth, iou_threshold=threshold)
    expected = match_labels(burnt(predicted), burnt(truth), iou_threshold=threshold)
    shifted = [(t + 1, p + 1, iou) for t, p, iou in found.pairs]
    assert [pair[:2] for pair in shifted] == [pair[:2] for pair in expected.pairs]
    np.testing.assert_allclose([p[2] for p in shifted], [p[2] for p in expected.pairs], atol=1e-9)
    assert found.counts == expected.counts
    near = match_polygon_centroids(predicted, truth, distance=1.5)
    assert near.counts == match_centroids(burnt(predicted), burnt(truth), distance=1.5).counts


def test_iou_of_slanted_and_holed_polygons_is_shapelys_own():
    truth = [shapely.Point(0, 0).buffer(10) - shapely.Point(0, 0).buffer(3)]
    predicted = [affinity.rotate(shapely.box(-9, -9, 9, 9), 20)]
    (pair,) = match_polygons(predicted, truth, iou_threshold=0.1).pairs
    expected = truth[0].intersection(predicted[0]).area / truth[0].union(predicted[0]).area
    assert pair[2] == pytest.approx(expected, abs=1e-9)


def test_empty_inventories_match_nothing():
    one = [shapely.box(0, 0, 1, 1)]
    for predicted, truth in (([], []), (one, []), ([], one)):
        for match in (
            match_polygons(predicted, truth),
            match_polygon_centroids(predicted, truth, distance=1),
        ):
            assert match.pairs == ()
            assert match.counts.predicted == len(predicted)
            assert match.counts.true == len(truth)


def test_everything_without_an_area_is_named_at_once():
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    bad = [shapely.box(0, 0, 1, 1), None, shapely.Polygon(), shapely.Point(0, 0), bow]
    with pytest.raises(InputError) as caught:
        match_polygons(bad, [shapely.LineString([(0, 0), (1, 1)])])
    text = str(caught.value)
    for words in (
        'missing, the first at position 1',
        'empty, the first at position 2',
        'predicted geometries are no polygon, the first at position 3',
        'invalid, the first at position 4',
        '1 true geometries are no polygon',
    ):
        assert words in text
    assert '5 problems' in text


@pytest.mark.parametrize('threshold', [0.0, 1.1])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match='iou_threshold'):
        match_polygons([], [], iou_threshold=threshold)
    with pytest.raises(ValueError, match='distance'):
        match_polygon_centroids([], [], distance=0)
