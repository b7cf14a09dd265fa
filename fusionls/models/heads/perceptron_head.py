"""A small neural network per pixel.

Source: a multi-layer perceptron with ReLU, fitted by scikit-learn's ``MLPClassifier`` (Adam, log
loss), as landslide papers of before the convolutional networks have it.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fusionls.models.heads.pixel_head import PixelHead, learner
from fusionls.registry import MODELS


@MODELS.register_module()
class PerceptronHead(PixelHead):
    """Multi-layer perceptron.

    Args:
        widths: Units of each hidden layer.
        passes: Passes over the pixels.
        **options: Those of :class:`PixelHead`.
    """

    def __init__(
        self, *, widths: Sequence[int] = (64, 32), passes: int = 30, **options: Any
    ) -> None:
        super().__init__(**options)
        self.widths = tuple(widths)
        self.passes = passes
        sizes = [self.in_channels, *widths, 1]
        steps = [nn.Linear(read, out) for read, out in itertools.pairwise(sizes)]
        nn.init.zeros_(steps[-1].weight)  # one half everywhere before the fit
        nn.init.zeros_(steps[-1].bias)
        self.steps: Any = nn.ModuleList(steps)

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.uint8], seed: int) -> None:
        """Train the network; see :class:`PixelHead`."""
        network = learner('neural_network', 'MLPClassifier')(
            hidden_layer_sizes=self.widths, max_iter=self.passes, random_state=seed
        )
        with warnings.catch_warnings():
            # the number of passes is the budget, not a sign of trouble
            warnings.simplefilter('ignore', learner('exceptions', 'ConvergenceWarning'))
            self.take(network.fit(features, labels))

    @torch.no_grad()
    def take(self, network: Any) -> None:
        """Copy a fitted ``MLPClassifier`` of two classes into the layers."""
        for step, weight, bias in zip(self.steps, network.coefs_, network.intercepts_, strict=True):
            step.weight.copy_(torch.as_tensor(weight.T))
            step.bias.copy_(torch.as_tensor(bias))

    def log_odds(self, features: Tensor) -> Tensor:
        """See :class:`PixelHead`."""
        x = features
        for step in self.steps[:-1]:
            x = step(x).relu()  # (P, widths[i])
        odds: Tensor = self.steps[-1](x)
        return odds[:, 0]
