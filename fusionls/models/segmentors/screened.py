"""The two-stage pipeline: a classifier screens tiles, a segmentor maps the candidates only.

Flow: models.data_preprocessor -> [here: screen, then map] -> labels; scenes by
inference.model_screen.
Source: screening by a ResNet before mapping, as the review of Remote Sens. 2024, 16, 1787 tells it;
networks and thresholds of the papers behind it were not at hand.
Assumed: both stages see the same layers, share no weights and are trained side by side, each on all
tiles; a tile that is screened out is background for certain.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models import EncoderDecoder
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fusionls.datasets.sample import FusedInputs
from fusionls.datasets.tile_class import LEAST_SHARE, NO_CLASS, tile_class
from fusionls.errors import InputError
from fusionls.models.data_preprocessor import IGNORED_LABEL
from fusionls.models.screening import cut_inputs, cut_tiles, tile_logits, tile_probability
from fusionls.registry import MODELS

CERTAIN = 30.0
"""Logit of the background, and minus that of landslides, where nothing was mapped."""


@MODELS.register_module()
class ScreenedSegmentor(EncoderDecoder):
    """mmseg's encoder-decoder behind a screen.

    A tile larger than those of the screen is a candidate if one of its parts is.

    Args:
        screen: Config of an ``ImageClassifier`` over a fused backbone, without a data preprocessor.
        screen_tile: Side of the tiles it judges, base pixels.
        threshold: A tile is a candidate from this probability on; 0 maps everything.
        least_share: A tile is a landslide tile, in training, from this share of its pixels on.
        **options: Those of ``EncoderDecoder``.

    Raises:
        InputError: The threshold is no probability, or tiles of the screen cut coarse pixels.
    """

    def __init__(
        self,
        *,
        screen: dict[str, Any],
        screen_tile: int = 64,
        threshold: float = 0.5,
        least_share: float = LEAST_SHARE,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.screen = MODELS.build(screen)
        factors: dict[str, int] = self.data_preprocessor.factors
        cut = [name for name, factor in factors.items() if screen_tile % factor]
        if not 0 <= threshold <= 1 or screen_tile < 1 or cut:
            raise InputError(
                f'threshold is {threshold}, screen_tile {screen_tile} with pixels of {factors} '
                'base pixels; expected a probability, and a multiple of all of these'
            )
        self.screen_tile = screen_tile
        self.threshold = threshold
        self.least_share = least_share
        self._costs: dict[tuple[int, ...], tuple[int, int]] = {}

    def loss(self, inputs: FusedInputs, data_samples: Any) -> dict[str, Tensor]:
        """Losses of both stages; that of the screen is the mean over tiles with a class."""
        losses: dict[str, Tensor] = super().loss(inputs, data_samples)
        logits, seen = tile_logits(self.screen, self._tiles(inputs))
        labels = torch.stack([sample.gt_sem_seg.data[0] for sample in data_samples])
        cut = cut_tiles(labels, self.screen_tile, IGNORED_LABEL).flatten(0, 1).cpu().numpy()
        classes = torch.tensor([tile_class(tile, self.least_share) for tile in cut])
        classes = classes.to(logits.device)[seen]
        total = F.cross_entropy(logits, classes, ignore_index=NO_CLASS, reduction='sum')
        losses['screen.loss'] = total / (classes != NO_CLASS).sum().clamp_min(1)
        return losses

    def screen_probability(self, inputs: FusedInputs) -> Tensor:
        """(N,) probability that a sample of a batch holds a landslide: of its surest part."""
        count = len(next(iter(inputs.values()))[0])
        found = tile_probability(self.screen, self._tiles(inputs))
        return found.reshape(-1, count).amax(0)

    def predict(self, inputs: FusedInputs, data_samples: Any = None) -> Any:
        """Screen a batch and map the candidates.

        Returns:
            Data samples as of ``EncoderDecoder``; their metainfo ``screen`` says ``probability``,
            ``kept``, and what it costs to screen and to map the sample, floating-point operations.
        """
        name, (values, _) = next(iter(inputs.items()))
        factor = self.data_preprocessor.factors[name]
        size = tuple(side * factor for side in values.shape[2:])
        metas = [sample.metainfo for sample in data_samples]
        chance = self.screen_probability(inputs).detach()
        kept = chance >= self.threshold
        sure = values.new_tensor([CERTAIN, -CERTAIN])[None, :, None, None]
        logits = sure.repeat(len(values), 1, *size)  # (N, 2, H, W)
        if bool(kept.any()):
            chosen = kept.nonzero().flatten().tolist()
            logits[kept] = self.inference(_some(inputs, kept), [metas[i] for i in chosen])
        screen_cost, map_cost = self._cost(inputs, metas)
        for sample, probability, candidate in zip(data_samples, chance, kept, strict=True):
            told = {'probability': float(probability), 'kept': bool(candidate)}
            told |= {'screen_cost': screen_cost, 'map_cost': map_cost}
            sample.set_metainfo({'screen': told})
        return self.postprocess_result(logits, data_samples)

    def _tiles(self, inputs: FusedInputs) -> dict[str, Any]:
        """A batch cut to tiles of the screen: the first of each sample, the second, and so on."""
        cut = cut_inputs(inputs, self.screen_tile, self.data_preprocessor.factors)
        return {
            m: (values.flatten(0, 1), valid.flatten(0, 1)) for m, (values, valid) in cut.items()
        }

    def _cost(self, inputs: FusedInputs, metas: list[dict[str, Any]]) -> tuple[int, int]:
        """Floating-point operations to screen and to map one sample of this size; counted once."""
        size = tuple(next(iter(inputs.values()))[0].shape[2:])
        if size not in self._costs:
            one = {
                m: (values[:1], torch.ones_like(valid[:1])) for m, (values, valid) in inputs.items()
            }
            counted = []
            for stage in (
                lambda: self.screen_probability(one),
                lambda: self.inference(one, metas[:1]),
            ):
                with FlopCounterMode(display=False) as counter:
                    stage()
                counted.append(int(counter.get_total_flops()))
            self._costs[size] = (counted[0], counted[1])
        return self._costs[size]


def _some(inputs: FusedInputs, chosen: Tensor) -> dict[str, Any]:
    return {m: (values[chosen], valid[chosen]) for m, (values, valid) in inputs.items()}
