"""What the neighbours of a point tell: whether it is alone, and which way the surface faces.

Flow: points -> [here] -> sources.lidar.
Source: statistical outlier removal, Rusu et al. (2008), Towards 3D point cloud based object maps,
Robotics and Autonomous Systems 56 (mean distance to k neighbours beyond mean + ratio standard
deviations); normals by principal components, Hoppe et al. (1992), SIGGRAPH.
By open3d where it is installed, else by scipy; the results agree.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Numbers = NDArray[np.float64]
_BATCH = 200_000  # points whose covariances are held at once


def open3d_module() -> Any | None:
    """The open3d package where it can be imported; it is never imported before it is asked for."""
    try:
        return importlib.import_module('open3d')
    except (ImportError, OSError):
        return None  # not installed, or a library of the system is missing


def outliers(points: Numbers, neighbours: int = 16, ratio: float = 4.0) -> NDArray[np.bool_]:
    """Points whose mean distance to their neighbours is far beyond the usual.

    Args:
        points: (n, 3), metres.
        neighbours: How many are looked at, the point itself included as open3d has it.
        ratio: Standard deviations beyond the mean distance of all points.

    Returns:
        (n,) True for outliers.
    """
    count = len(points)
    if count <= neighbours:
        return np.zeros(count, bool)
    open3d = open3d_module()
    if open3d is not None:
        cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
        _, kept = cloud.remove_statistical_outlier(neighbours, ratio)
        found = np.ones(count, bool)
        found[np.asarray(kept)] = False
        return found
    return _outliers_by_tree(points, neighbours, ratio)


def _outliers_by_tree(points: Numbers, neighbours: int, ratio: float) -> NDArray[np.bool_]:
    distance, _ = cKDTree(points).query(points, neighbours)
    mean = distance.mean(1)
    found: NDArray[np.bool_] = mean >= mean.mean() + ratio * mean.std(ddof=1)
    return found


def normals(points: Numbers, neighbours: int = 16) -> Numbers:
    """Unit normals of the surface through the points, upward.

    Args:
        points: (n, 3), metres.
        neighbours: How many are looked at, the point itself included.

    Returns:
        (n, 3) with an up component of at least zero.
    """
    neighbours = min(neighbours, len(points))
    open3d = open3d_module()
    if open3d is not None:
        cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
        cloud.estimate_normals(open3d.geometry.KDTreeSearchParamKNN(neighbours))
        return _upward(np.array(cloud.normals))
    return _normals_by_tree(points, neighbours)


def _normals_by_tree(points: Numbers, neighbours: int) -> Numbers:
    tree = cKDTree(points)
    found = np.empty_like(points)
    for start in range(0, len(points), _BATCH):
        _, index = tree.query(points[start : start + _BATCH], neighbours)
        around = points[index]
        around = around - around.mean(1, keepdims=True)
        _, vectors = np.linalg.eigh(np.einsum('nki,nkj->nij', around, around))
        found[start : start + _BATCH] = vectors[:, :, 0]
    return _upward(found)


def _upward(vectors: Numbers) -> Numbers:
    return np.where(vectors[:, 2:] < 0, -vectors, vectors)
