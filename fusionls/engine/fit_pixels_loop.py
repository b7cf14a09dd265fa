"""The training loop of models that are fitted in one go to pixels of all tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop

from fusionls.errors import InputError
from fusionls.models.segmentors.pixel_classifier import Pixels
from fusionls.registry import LOOPS


@LOOPS.register_module()
class FitPixelsLoop(EpochBasedTrainLoop):
    """Draw pixels from every tile, ``max_epochs`` times over; fit with the last one.

    Hooks see the epochs and iterations of any other training; checkpoints and validation come
    after the fit.

    Args:
        **options: Those of mmengine's ``EpochBasedTrainLoop``.

    Raises:
        InputError: (run) Training was to be resumed, or runs in several processes.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._drawn: list[Pixels] = []

    def run(self) -> Any:
        """Draw and fit; see the class."""
        if 0 < self.epoch < self.max_epochs:
            raise InputError(
                f'the checkpoint is of epoch {self.epoch} of {self.max_epochs}, before the fit: '
                'the pixels drawn until then are not in it. Start anew.'
            )
        if get_world_size() > 1:
            raise InputError('a fit runs in one process; start it without a launcher')
        return super().run()

    def run_iter(self, idx: int, data_batch: Sequence[dict[str, Any]]) -> None:
        """Draw from one batch; fit after the last of all."""
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        self._drawn.append(self.runner.model.drawn(data_batch))
        outputs: dict[str, Any] = {}
        if self.iter + 1 == self.max_iters:
            outputs = self.runner.model.fit(self._drawn, seed=self.runner.seed)
        self.runner.call_hook(
            'after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )
        self._iter += 1
