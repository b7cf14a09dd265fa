"""A support vector machine per pixel with a radial kernel, on landmarks instead of all pixels.

Source: the machine of Cortes and Vapnik 1995; the kernel exp(-gamma |x - y|^2) is approximated from
``landmarks`` random pixels (Williams and Seeger 2001, "Using the Nystroem method to speed up kernel
machines", eq. 8-9), in whose space a linear machine is fitted (scikit-learn's ``Nystroem`` and
``LinearSVC``, squared hinge loss). Decision values become probabilities by a sigmoid fitted to
those of pixels left out in three folds (Platt 1999, eq. 1; without his smoothed targets).
Differs: an exact kernel machine on tens of thousands of pixels keeps thousands of support vectors,
each of which costs at every pixel of a scene.
With k(x) the kernel to the landmarks, W the Nystroem matrix, w and b the linear machine, and A, B
the sigmoid, the log-odds are A (k(x) W^T w + b) + B.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionls.models.heads.pixel_head import PixelHead, constant, learner
from fusionls.registry import MODELS

FOLDS = 3


@MODELS.register_module()
class KernelSvmHead(PixelHead):
    """Support vector machine with an approximate radial kernel.

    Args:
        landmarks: Pixels that span the space of the kernel.
        gamma: Of the kernel, per squared deviation; 1 / features by default.
        cost: Weight of the errors against the width of the margin.
        **options: Those of :class:`PixelHead`.
    """

    def __init__(
        self,
        *,
        landmarks: int = 300,
        gamma: float | None = None,
        cost: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.gamma = 1 / self.in_channels if gamma is None else gamma
        self.cost = cost
        # float64: the Nystroem matrix divides by small singular values
        self.landmarks = constant(torch.zeros((landmarks, self.in_channels), dtype=torch.float64))
        self.weights = constant(torch.zeros(landmarks, dtype=torch.float64))
        self.offset = constant(torch.zeros((), dtype=torch.float64))

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.uint8], seed: int) -> None:
        """Draw landmarks, fit the machine and its sigmoid; see :class:`PixelHead`."""
        nystroem = learner('kernel_approximation', 'Nystroem')(
            gamma=self.gamma,
            n_components=min(len(self.landmarks), len(features)),
            random_state=seed,
        )
        machine = learner('svm', 'LinearSVC')(C=self.cost, dual=False, random_state=seed)
        mapped = nystroem.fit_transform(features.astype(np.float64))  # (P, landmarks)
        left_out = learner('model_selection', 'cross_val_predict')(
            machine,
            mapped,
            labels,
            cv=learner('model_selection', 'StratifiedKFold')(
                FOLDS, shuffle=True, random_state=seed
            ),
            method='decision_function',
        )
        sigmoid = learner('linear_model', 'LogisticRegression')(C=1e6)
        self.take(nystroem, machine.fit(mapped, labels), sigmoid.fit(left_out[:, None], labels))

    @torch.no_grad()
    def take(self, nystroem: Any, machine: Any, sigmoid: Any) -> None:
        """Copy what scikit-learn has fitted into the arrays."""
        slope, shift = sigmoid.coef_[0, 0], sigmoid.intercept_[0]
        used = len(nystroem.components_)
        self.landmarks[:used] = torch.as_tensor(nystroem.components_)
        self.weights.zero_()  # of landmarks that few pixels left unused
        weights = slope * (nystroem.normalization_.T @ machine.coef_[0])
        self.weights[:used] = torch.as_tensor(weights)
        self.offset.fill_(slope * machine.intercept_[0] + shift)

    def log_odds(self, features: Tensor) -> Tensor:
        """See :class:`PixelHead`."""
        x = features.double()
        distance = (
            x.square().sum(1, keepdim=True)
            - 2 * x @ self.landmarks.T
            + self.landmarks.square().sum(1)
        ).clamp_min(0)  # (P, landmarks)
        return (-self.gamma * distance).exp() @ self.weights + self.offset
