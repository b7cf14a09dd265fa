"""Training for missing data by a model's own answer to the full data.

Flow: full samples of the loader -> [here: hide, compare] -> losses.
Source: self-distillation from a teacher that sees all modalities to a student that sees some, as
in Wang et al. 2023 ("Learnable cross-modal knowledge distillation for multi-modal learning with
missing modality", eq. 3) and the temperature-free case of Hinton et al. 2015, eq. 1.
Differs: teacher and student are one network in one step; the teacher's answer is detached, and the
teacher is trained on the labels by the same step.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models import EncoderDecoder
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import InputError
from fusionls.models.data_preprocessor import IGNORED_LABEL
from fusionls.models.encoders.presence import random_presence
from fusionls.models.losses.divergence import mean_divergence
from fusionls.registry import MODELS


@MODELS.register_module()
class SelfDistilledSegmentor(EncoderDecoder):
    """mmseg's encoder-decoder that answers twice in training: to all data, and to some.

    Args:
        drop: Probability that a modality of a sample is hidden from the second answer (one always
            stays).
        distill_weight: Weight of the divergence between the two answers.
        **options: Those of ``EncoderDecoder``.

    Raises:
        InputError: ``drop`` is not a probability, or the weight is negative.
    """

    def __init__(self, *, drop: float = 0.5, distill_weight: float = 1.0, **options: Any) -> None:
        if not 0 < drop < 1 or distill_weight < 0:
            raise InputError(
                f'drop is {drop} and distill_weight {distill_weight}; expected a probability '
                'within 0 and 1, and a weight of 0 or more'
            )
        super().__init__(**options)
        self.drop = drop
        self.distill_weight = distill_weight

    def loss(self, inputs: FusedInputs, data_samples: Any) -> dict[str, Tensor]:
        """Losses of both answers against the labels, and of the second against the first."""
        losses, teacher = self._answer(inputs, data_samples)
        hidden, student = self._answer(self.some(inputs), data_samples)
        labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])[:, 0]
        found = {f'all.{name}': value for name, value in losses.items()}
        found |= {f'some.{name}': value for name, value in hidden.items()}
        found['distill.loss'] = self.distill_weight * self._divergence(student, teacher, labels)
        return found

    def some(self, inputs: FusedInputs) -> FusedInputs:
        """The inputs with whole modalities made invalid at random; every sample keeps one."""
        keep = random_presence(inputs, self.drop)  # (N, M)
        return {
            name: (values, valid & keep[:, i, None, None, None])
            for i, (name, (values, valid)) in enumerate(inputs.items())
        }

    def _answer(self, inputs: FusedInputs, data_samples: Any) -> tuple[dict[str, Tensor], Tensor]:
        features = self.extract_feat(inputs)
        logits = self.decode_head(features)
        losses: dict[str, Tensor] = self.decode_head.loss_by_feat(logits, data_samples)
        if self.with_auxiliary_head:
            losses |= self._auxiliary_head_forward_train(features, data_samples)
        return losses, logits

    @staticmethod
    def _divergence(student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
        """Kullback-Leibler divergence from the teacher, mean over the pixels that count."""
        counts = labels[:, None] != IGNORED_LABEL
        size = (student.shape[2], student.shape[3])
        weight = F.adaptive_avg_pool2d(counts.float(), size)[:, 0]
        return mean_divergence(student, teacher, weight)
