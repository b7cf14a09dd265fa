"""Heads that classify each pixel by itself, fitted in one go by scikit-learn.

Flow: models.encoders.pixel_features -> [here] -> log-odds, as any decode head of mmseg gives them.
What is fitted is kept as tensors of a shape that is known beforehand, so that a checkpoint holds
numbers only (no pickle of a scikit-learn object, which would run code when loaded), fits the model
or is refused like any other, and predicts without scikit-learn.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModule
from numpy.typing import NDArray
from torch import Tensor, nn

from fusionls.errors import ExtraMissingError, InputError

PIXELS_AT_ONCE = 1 << 15
"""Of so many pixels the intermediate results are held at once."""


def learner(module: str, name: str) -> Any:
    """A class of scikit-learn.

    Raises:
        ExtraMissingError: It is not installed.
    """
    try:
        return getattr(importlib.import_module(f'sklearn.{module}'), name)
    except ModuleNotFoundError as error:
        raise ExtraMissingError(
            f'fitting needs scikit-learn ({name}), which is not installed; '
            'pip install scikit-learn. Predicting does without.'
        ) from error


def constant(values: Any) -> nn.Parameter:
    """A tensor that belongs to the model (and is counted as such) and takes no gradient."""
    return nn.Parameter(torch.as_tensor(values), requires_grad=False)


class PixelHead(BaseModule):
    """Base of the heads; before the fit, every pixel has probability one half.

    Args:
        in_channels: Features of a pixel; ``PixelClassifier`` fills it in.

    Shapes:
        - input: a tuple of one (N, F, H, W)
        - output: logits (N, 2, H, W): zero, and the log-odds of a landslide
    """

    num_classes = out_channels = 2
    align_corners = False

    def __init__(self, *, in_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels

    @abstractmethod
    def fit(self, features: NDArray[np.float32], labels: NDArray[np.uint8], seed: int) -> None:
        """Fit to pixels of both classes.

        Args:
            features: (P, F), normalised.
            labels: (P,) of 1 landslide and 0 none.
            seed: Of all that is drawn at random.

        Raises:
            ExtraMissingError: scikit-learn is not installed.
        """

    @abstractmethod
    def log_odds(self, features: Tensor) -> Tensor:
        """Log-odds of a landslide (P,) of pixels (P, F)."""

    def fit_checked(
        self, features: NDArray[np.float32], labels: NDArray[np.uint8], seed: int
    ) -> None:
        """:meth:`fit`, after a look at what was given.

        Raises:
            InputError: All pixels are of one class.
        """
        landslides = int(np.count_nonzero(labels == 1))
        if landslides in (0, len(labels)):
            raise InputError(
                f'{landslides} of the {len(labels)} pixels drawn are landslide; expected both '
                'classes. Show more tiles, or draw tiles with a landslide more often '
                '(LandslideSampler).'
            )
        self.fit(features, labels, seed)

    @torch.no_grad()
    def forward(self, levels: tuple[Tensor, ...]) -> Tensor:
        """Logits of a map; see the class for shapes."""
        (features,) = levels
        count, width, height, breadth = features.shape
        pixels = features.permute(0, 2, 3, 1).reshape(-1, width)  # (N H W, F)
        parts = [self.log_odds(part) for part in pixels.split(PIXELS_AT_ONCE)]
        odds = torch.cat(parts).to(features.dtype).reshape(count, 1, height, breadth)
        return torch.cat([torch.zeros_like(odds), odds], 1)

    def predict(self, levels: tuple[Tensor, ...], metas: Any, test_cfg: Any) -> Tensor:
        """As mmseg's ``EncoderDecoder`` asks for it: the same as :meth:`forward`."""
        return self(levels)
