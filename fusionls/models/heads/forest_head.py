"""A random forest per pixel, kept and run as plain arrays.

Source: Breiman 2001, "Random Forests"; fitted by scikit-learn's ``RandomForestClassifier``, whose
trees vote with the class shares of their leaves.
Differs: trees have at most so many leaves (grown best first), which makes their arrays of one size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionls.errors import InputError
from fusionls.models.heads.pixel_head import PixelHead, constant, learner
from fusionls.registry import MODELS

LEAST = 1e-6
"""Probabilities are kept so far from 0 and 1, which a forest says often: log-odds within 13.8."""
STEPS = 8
"""Steps down a tree before pixels that have arrived are taken out; a leaf is left for itself."""


@MODELS.register_module()
class ForestHead(PixelHead):
    """Random forest.

    Args:
        trees: How many.
        leaves: Most leaves of a tree.
        least_pixels: Pixels of a leaf, at least.
        **options: Those of :class:`PixelHead`.

    Raises:
        InputError: There is no tree, or a tree has fewer than two leaves.
    """

    def __init__(
        self, *, trees: int = 100, leaves: int = 512, least_pixels: int = 5, **options: Any
    ) -> None:
        super().__init__(**options)
        if trees < 1 or leaves < 2:
            raise InputError(f'a forest of {trees} trees with {leaves} leaves; use 1 and 2 or more')
        self.trees = trees
        self.leaves = leaves
        self.least_pixels = least_pixels
        nodes = 2 * leaves - 1
        self.threshold = constant(torch.full((trees, nodes), torch.inf))
        self.share = constant(torch.full((trees, nodes), 0.5, dtype=torch.float64))
        # whole numbers are buffers: mmengine takes the mean of every parameter
        self.register_buffer('feature', torch.zeros((trees, nodes), dtype=torch.int16))
        self.register_buffer('following', _own_place(trees, nodes))  # (T, M, 2); leaves stay

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.uint8], seed: int) -> None:
        """Grow the forest; see :class:`PixelHead`."""
        forest = learner('ensemble', 'RandomForestClassifier')(
            n_estimators=self.trees,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_pixels,
            n_jobs=torch.get_num_threads(),
            random_state=seed,
        )
        self.take(forest.fit(features, labels))

    @torch.no_grad()
    def take(self, forest: Any) -> None:
        """Copy a fitted ``RandomForestClassifier`` of two classes into the arrays."""
        self.following.copy_(_own_place(*self.feature.shape))
        self.threshold.fill_(torch.inf)
        for i, tree in enumerate(estimator.tree_ for estimator in forest.estimators_):
            nodes = np.arange(tree.node_count)
            leaf = tree.children_left < 0
            left = np.where(leaf, nodes, tree.children_left)
            right = np.where(leaf, nodes, tree.children_right)
            threshold = np.where(leaf, np.inf, _rounded_down(tree.threshold))
            for array, values in (
                (self.feature, np.where(leaf, 0, tree.feature)),
                (self.threshold, threshold),
                (self.following, np.stack([left, right], 1)),
                (self.share, tree.value[:, 0, 1]),
            ):
                array[i, : tree.node_count] = torch.as_tensor(values).to(array)

    def probability(self, features: Tensor) -> Tensor:
        """(P,) float64: mean over the trees of the landslide share of the leaf."""
        columns = features.T.flatten()  # one feature after the other, (F P,)
        total = torch.zeros(len(features), dtype=torch.float64, device=features.device)
        for tree in range(self.trees):
            total += self._share_of_leaf(tree, columns, len(features))
        return total / self.trees

    def log_odds(self, features: Tensor) -> Tensor:
        """See :class:`PixelHead`; within +-13.8."""
        return self.probability(features).clamp(LEAST, 1 - LEAST).logit()

    def _share_of_leaf(self, tree: int, columns: Tensor, count: int) -> Tensor:
        """(P,) what the leaf of each pixel says; pixels that have arrived are not moved on.

        ``index_select`` by int32 takes a third of the time of indexing by brackets.
        """
        following, threshold = self.following[tree], self.threshold[tree]
        nodes = torch.arange(len(following), device=columns.device, dtype=torch.int32)
        arrived = following[:, 0] == nodes
        column = self.feature[tree].int() * count  # where the feature of a node begins
        both = following.flatten()
        share = torch.empty(count, dtype=torch.float64, device=columns.device)
        pixel = torch.arange(count, device=columns.device, dtype=torch.int32)
        node = torch.zeros_like(pixel)
        while len(node):
            for _ in range(STEPS):
                value = columns.index_select(0, column.index_select(0, node) + pixel)
                right = value > threshold.index_select(0, node)
                node = both.index_select(0, 2 * node + right.int())
            done = arrived.index_select(0, node)
            share[pixel[done].long()] = self.share[tree].index_select(0, node[done])
            pixel, node = pixel[~done], node[~done]
        return share


def _own_place(trees: int, nodes: int) -> Tensor:
    return torch.arange(nodes, dtype=torch.int32)[None, :, None].repeat(trees, 1, 2)


def _rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 up to each float64: the same float32 features are below or equal."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
