"""Maps by a classifier of single pixels that is fitted in one go: forest, kernel machine, network.

Flow: tiles of the train loader -> [here: pixels drawn] -> engine.fit_pixels_loop -> [here: fit];
then as any segmentor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.models import EncoderDecoder
from numpy.typing import NDArray
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import InputError
from fusionls.models.data_preprocessor import IGNORED_LABEL
from fusionls.registry import MODELS


@dataclass(frozen=True)
class Pixels:
    """Labelled pixels.

    Attributes:
        features: (P, F), normalised.
        labels: (P,) of 1 landslide and 0 none.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.uint8]


@MODELS.register_module()
class PixelClassifier(EncoderDecoder):
    """mmseg's encoder-decoder with ``PixelFeatures`` and a head that is fitted, not trained.

    The share of landslides among the pixels drawn is that of the tiles, so that the probabilities
    are those of the ground.

    Args:
        pixels_per_tile: Labelled pixels drawn at random from each tile, or all if there are fewer.
        **options: Those of ``EncoderDecoder``; ``in_channels`` of the decode head is filled in.

    Raises:
        InputError: No pixel is to be drawn.
    """

    def __init__(self, *, pixels_per_tile: int = 256, **options: Any) -> None:
        if pixels_per_tile < 1:
            raise InputError(f'pixels_per_tile is {pixels_per_tile}; expected 1 or more')
        super().__init__(**options)
        self.pixels_per_tile = pixels_per_tile

    def _init_decode_head(self, decode_head: dict[str, Any]) -> None:
        """Tell the head how many features a pixel has, then build it."""
        features = self.backbone.levels[0].channels
        super()._init_decode_head({**decode_head, 'in_channels': features})

    @torch.no_grad()
    def drawn(self, data: dict[str, Any]) -> Pixels:
        """Draw labelled pixels from every tile of a batch, by torch's generator."""
        batch = self.data_preprocessor(data, True)
        (features,) = self.extract_feat(batch['inputs'])  # (N, F, H, W)
        parts, labels = [], []
        for tile, sample in zip(features, batch['data_samples'], strict=True):
            truth = sample.gt_sem_seg.data.flatten()  # (H W,)
            labelled = (truth != IGNORED_LABEL).nonzero().flatten()
            order = torch.randperm(len(labelled))[: self.pixels_per_tile].to(labelled.device)
            chosen = labelled[order]
            parts.append(tile.flatten(1)[:, chosen].T)
            labels.append(truth[chosen])
        return Pixels(
            torch.cat(parts).float().cpu().numpy(),
            torch.cat(labels).cpu().numpy().astype(np.uint8),
        )

    def fit(self, drawn: Sequence[Pixels], seed: int) -> dict[str, Tensor]:
        """Fit the head to pixels.

        Args:
            drawn: Of each batch.
            seed: Of all that the fit draws at random.

        Returns:
            ``loss``, the log loss over these pixels after the fit.

        Raises:
            InputError: All pixels are of one class.
            ExtraMissingError: scikit-learn is not installed.
        """
        features = np.concatenate([pixels.features for pixels in drawn])
        labels = np.concatenate([pixels.labels for pixels in drawn])
        self.decode_head.fit_checked(features, labels, seed)
        given = torch.from_numpy(features).to(self.data_preprocessor.fitted)
        logits = self.decode_head((given.T[None, :, :, None],))  # as a map of one column
        truth = torch.from_numpy(labels).to(logits.device).long()
        return {'loss': F.cross_entropy(logits, truth[None, :, None])}

    def loss(self, inputs: FusedInputs, data_samples: Any) -> dict[str, Tensor]:
        """Log loss of the pixels of a batch that have a label; nothing learns from it."""
        logits = self.decode_head(self.extract_feat(inputs))
        labels = torch.cat([sample.gt_sem_seg.data for sample in data_samples])  # (N, H, W)
        return {'loss': F.cross_entropy(logits, labels, ignore_index=IGNORED_LABEL)}

    def train_step(self, data: dict[str, Any], optim_wrapper: Any) -> dict[str, Tensor]:
        """A step is a whole fit, to the pixels of this batch alone; for trials of a few tiles."""
        return self.fit([self.drawn(data)], seed=0)
