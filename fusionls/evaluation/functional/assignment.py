"""One-to-one matching of true and predicted objects from the pairs that may match.

Among all one-to-one matchings the one with the most pairs is taken and, among those, the one with
the largest sum of scores. Objects that compete form groups (connected components of the pairs);
each group is an assignment problem of its own, so scenes of any number of objects stay cheap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

IndexArray = NDArray[np.int64]


def best_pairs(
    rows: IndexArray, cols: IndexArray, score: NDArray[np.float64], shape: tuple[int, int]
) -> list[tuple[int, int, float]]:
    """Choose pairs so that each row and each column is used once at most.

    Args:
        rows: (n,) row of each pair that may match.
        cols: (n,) its column; no pair twice.
        score: (n,) how well it matches, in (0, 1].
        shape: Rows and columns in all.

    Returns:
        Row, column and score of each chosen pair, by row.
    """
    if not len(rows):
        return []
    alone = (np.bincount(rows, minlength=shape[0])[rows] == 1) & (
        np.bincount(cols, minlength=shape[1])[cols] == 1
    )  # nobody competes for these: most pairs of a good map
    free = (rows[alone].tolist(), cols[alone].tolist(), score[alone].tolist())
    chosen = list(zip(*free, strict=True))
    rows, cols, score = rows[~alone], cols[~alone], score[~alone]
    nodes = shape[0] + shape[1]
    edges = coo_array((np.ones(len(rows), bool), (rows, cols + shape[0])), shape=(nodes, nodes))
    group = connected_components(edges, directed=False)[1][rows]
    order = np.argsort(group, kind='stable')
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members):
            chosen += _best_of_group(rows[members], cols[members], score[members])
    return sorted(chosen)


def _best_of_group(
    rows: IndexArray, cols: IndexArray, score: NDArray[np.float64]
) -> list[tuple[int, int, float]]:
    """Solve the assignment problem of objects that compete."""
    group_rows, row_of = np.unique(rows, return_inverse=True)
    group_cols, col_of = np.unique(cols, return_inverse=True)
    table = np.zeros((len(group_rows), len(group_cols)))
    table[row_of, col_of] = score
    # one more pair outweighs any sum of scores, which is at most the number of pairs
    worth = table + (table > 0) * (min(table.shape) + 1)
    return [
        (int(group_rows[r]), int(group_cols[c]), float(table[r, c]))
        for r, c in zip(*linear_sum_assignment(worth, maximize=True), strict=True)
        if table[r, c] > 0
    ]
