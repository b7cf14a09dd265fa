"""A light model taught by a large one: its labels and the other's answers.

Flow: samples of the loader -> [here: both answer] -> losses. In testing the light model is alone.
Source: knowledge distillation, Hinton et al. 2015, sec. 2: the cross entropy with softened targets
of the teacher beside that with the labels; per pixel, as Liu et al. 2019 ("Structured Knowledge
Distillation for Semantic Segmentation").
Differs: pixels that nobody mapped, or where no modality is valid, teach nothing.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmseg.models import EncoderDecoder
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import FileMissingError, InputError, raise_together
from fusionls.models.checkpoints import check_fits, read_checkpoint
from fusionls.models.data_preprocessor import IGNORED_LABEL
from fusionls.models.losses.divergence import mean_divergence
from fusionls.registry import MODELS


@MODELS.register_module()
class DistilledSegmentor(EncoderDecoder):
    """mmseg's encoder-decoder with a teacher, which is neither trained nor saved.

    The teacher is built and its checkpoint read when training begins (``init_weights``); to test
    or to predict takes neither. The student takes over its layer statistics, so that both read the
    same numbers.

    Args:
        teacher: Config of the model that teaches, an ``EncoderDecoder`` that reads the same layers.
        checkpoint: File of its weights, of a run of that model.
        untrained_teacher: Whether a teacher without a checkpoint may teach, with random weights: to
            try the code, never to train.
        temperature: Softens both answers; 1 or more.
        distill_weight: Weight of the teacher's answers; that of the labels is in the head.
        **options: Those of ``EncoderDecoder``: the student.

    Raises:
        InputError: The temperature or the weight makes no sense; (``init_weights``) the teacher
            reads other layers, or there is no checkpoint; (``loss``) it was not built.
        FileMissingError: (``init_weights``) The checkpoint does not exist.
        CheckpointMismatchError: (``init_weights``) It is of another model.
        UnsafeCheckpointError: (``init_weights``) It would run code.
    """

    def __init__(
        self,
        *,
        teacher: Mapping[str, Any],
        checkpoint: str | None = None,
        untrained_teacher: bool = False,
        temperature: float = 4.0,
        distill_weight: float = 1.0,
        **options: Any,
    ) -> None:
        if not temperature >= 1 or not distill_weight >= 0:
            raise InputError(
                f'temperature is {temperature} and distill_weight {distill_weight}; expected 1 or '
                'more, and 0 or more'
            )
        super().__init__(**options)
        self.checkpoint = checkpoint
        self.untrained_teacher = untrained_teacher
        self.temperature = temperature
        self.distill_weight = distill_weight
        self._teacher_config = dict(teacher)
        # in a list, so that torch takes it for no part of the model: no optimizer, state dict or
        # mode of training finds it
        self._teacher: list[EncoderDecoder] = []

    @property
    def teacher(self) -> EncoderDecoder:
        """The model that teaches.

        Raises:
            InputError: It is not there yet.
        """
        if not self._teacher:
            raise InputError(
                'the teacher is not there yet; call init_weights() before training, as the runner '
                'does'
            )
        return self._teacher[0]

    def __deepcopy__(self, memo: dict[int, Any]) -> DistilledSegmentor:
        """A copy, which will have the same teacher where that is still to come.

        mmengine copies the model for its averaged weights before it calls ``init_weights``.
        """
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        if not self._teacher:
            memo[id(self._teacher)] = self._teacher
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def _apply(self, fn: Callable[[Tensor], Tensor], *args: Any, **options: Any) -> Any:
        """Go to another device or precision, the teacher too."""
        for teacher in self._teacher:
            teacher._apply(fn, *args, **options)
        return super()._apply(fn, *args, **options)

    def init_weights(self) -> None:
        """Initialise the student, build the teacher and read its weights."""
        super().init_weights()
        teacher = MODELS.build(dict(self._teacher_config))
        self._refuse_other_layers(teacher)
        if self.checkpoint is not None:
            try:
                loaded = read_checkpoint(self.checkpoint)
            except FileMissingError as error:
                raise FileMissingError(f'the teacher: {error}. {_HOW_TO_TEACH}') from error
            check_fits(loaded, teacher, f'{self.checkpoint} (the teacher)')
            teacher.load_state_dict(loaded.get('state_dict', loaded))
            self.data_preprocessor.load_state_dict(teacher.data_preprocessor.state_dict())
        elif self.untrained_teacher:
            print_log(
                'the teacher has random weights (untrained_teacher=True): what it says means '
                'nothing',
                'current',
                logging.WARNING,
            )
        else:
            raise InputError(f'the teacher has no checkpoint. {_HOW_TO_TEACH}')
        teacher.requires_grad_(False)
        teacher.train(False)
        teacher.to(next(self.parameters()).device)
        self._teacher[:] = [teacher]

    def _refuse_other_layers(self, teacher: EncoderDecoder) -> None:
        """Check that what the loader gives means the same to both."""
        own, other = self.data_preprocessor, teacher.data_preprocessor
        problems = [
            f'{name}: the teacher has {getattr(other, name)}, the student {getattr(own, name)}'
            for name in ('layers', 'factors', 'categories', 'limit')
            if getattr(other, name) != getattr(own, name)
        ]
        raise_together(
            InputError,
            'teacher and student read different inputs',
            problems,
            'Choose a teacher of the same modalities, or narrow the config to those it has.',
        )

    def loss(self, inputs: FusedInputs, data_samples: Any) -> dict[str, Tensor]:
        """Losses of the student's answer against the labels and against the teacher's."""
        features = self.extract_feat(inputs)
        logits = self.decode_head(features)
        losses = self.decode_head.loss_by_feat(logits, data_samples)
        found = {f'decode.{name}': value for name, value in losses.items()}
        if self.with_auxiliary_head:
            found |= self._auxiliary_head_forward_train(features, data_samples)
        labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])  # (N, 1, H, W)
        found['distill.loss'] = self.distill_weight * self.divergence(inputs, logits, labels)
        return found

    def divergence(self, inputs: FusedInputs, logits: Tensor, labels: Tensor) -> Tensor:
        """How far the student's answer is from the teacher's, where it counts; a scalar.

        Args:
            inputs: What both read.
            logits: (N, classes, h, w) of the student.
            labels: (N, 1, H, W).
        """
        with torch.no_grad():
            taught = self.teacher(inputs, mode='tensor')
        size = (labels.shape[2], labels.shape[3])
        student, teacher = (
            F.interpolate(x, size, mode='bilinear', align_corners=False) for x in (logits, taught)
        )
        seen = torch.stack(
            [F.interpolate(valid.float(), size)[:, 0] > 0 for _, valid in inputs.values()]
        ).any(0)
        weight = seen & (labels[:, 0] != IGNORED_LABEL)
        return mean_divergence(student, teacher, weight.float(), self.temperature)


_HOW_TO_TEACH = (
    'Train the model it names first, and give the file: '
    '--cfg-options model.checkpoint=work_dirs/<run>/epoch_<n>.pth'
)
