"""What happens around training: layer statistics, and draws that survive an interruption."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop, Runner

from fusionls import __version__
from fusionls.datasets.statistics import layer_statistics
from fusionls.datasets.tile_dataset import TileDataset, tile_dataset
from fusionls.errors import InputError, raise_together
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.models.checkpoints import META_KEY, check_fits
from fusionls.models.data_preprocessor import FusionDataPreprocessor
from fusionls.quantities import Kind
from fusionls.registry import HOOKS


def check_categories(dataset: TileDataset, categories: Mapping[str, Sequence[int]]) -> None:
    """Refuse to read class codes as if they were measurements.

    Raises:
        InputError: A layer of classes has no ``categories``, or a measured layer has; all at once.
    """
    problems = []
    for number, (scene, _) in enumerate(dataset.scenes):
        for modality, names in dataset.layers.items():
            have = scene.modalities[modality].layers
            kinds = dict(zip(have, dataset.kinds(number, modality), strict=True))
            for name in names:
                classes = kinds[name] is Kind.CATEGORICAL
                if classes and name not in categories:
                    problems.append(
                        f'{scene.name}: {name} holds class codes, which have no mean; say which '
                        f'there are: categories=dict({name}=[...])'
                    )
                elif name in categories and not classes:
                    problems.append(f'{scene.name}: {name} is {kinds[name]}, not classes')
    raise_together(
        InputError,
        'layers do not fit the data preprocessor',
        problems,
        'tools/datasets/list_classes.py prints the codes of a stack.',
    )


def unwrapped_model(runner: Runner) -> Any:
    """The model itself, out of its distributed wrapper."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _preprocessor(runner: Runner) -> FusionDataPreprocessor:
    return unwrapped_model(runner).data_preprocessor


def fit_layer_statistics(
    preprocessor: FusionDataPreprocessor, dataset: TileDataset, most_tiles: int = 512
) -> dict[str, tuple[float, float]]:
    """Mean and deviation of every measured layer of a data set, which the preprocessor takes.

    Args:
        preprocessor: Of the model.
        dataset: Tiles to train on.
        most_tiles: So many tiles are read at most, evenly spread over the data set.

    Raises:
        InputError: A layer of classes has no ``categories``, or a measured layer has; all at once.
    """
    dataset.full_init()
    check_categories(dataset, preprocessor.categories)
    measured = {
        modality: [name for name in names if name not in preprocessor.categories]
        for modality, names in dataset.layers.items()
    }
    measured = {modality: names for modality, names in measured.items() if names}
    statistics = layer_statistics(_shown_tiles(dataset, measured, most_tiles), measured)
    preprocessor.set_statistics(statistics)
    return statistics


def _shown_tiles(
    dataset: TileDataset, measured: Mapping[str, Sequence[str]], most_tiles: int
) -> Iterator[dict[str, tuple[FloatArray, BoolArray]]]:
    step = max(1, len(dataset) // most_tiles)
    for index in range(0, len(dataset), step):
        info = dataset.get_data_info(index)
        inputs, _ = dataset.read_tile(info['scene'], info['window'])
        scene, _ = dataset.scenes[info['scene']]
        shown = {}
        for modality, names in measured.items():
            if modality in inputs:
                values, valid = inputs[modality]
                have = scene.modalities[modality].layers
                shown[modality] = (values[[have.index(name) for name in names]], valid)
        yield shown


@HOOKS.register_module()
class FitLayerStatistics(Hook):
    """Fit mean and deviation of every layer before training, from training tiles only.

    Does nothing where they came with a checkpoint. They are saved in the checkpoint with the
    names of the layers, so that a model can say what it was trained on; a checkpoint of other
    layers is refused, for its statistics would not be those of the model.

    Args:
        most_tiles: So many tiles are read at most, evenly spread over the data set.

    Raises:
        CheckpointMismatchError: ``load_from`` or ``resume`` names a checkpoint of other layers;
            to be resumed from, its tensors must fit too.
    """

    priority = 'VERY_HIGH'

    def __init__(self, *, most_tiles: int = 512) -> None:
        self.most_tiles = most_tiles

    def before_train(self, runner: Runner) -> None:
        """Fit, unless a checkpoint brought the statistics."""
        preprocessor = _preprocessor(runner)
        if bool(preprocessor.fitted):
            return
        dataset = tile_dataset(runner.train_dataloader.dataset)
        statistics = fit_layer_statistics(preprocessor, dataset, self.most_tiles)
        lines = [f'  {name}: {mean:.6g} +- {dev:.6g}' for name, (mean, dev) in statistics.items()]
        print_log('Layer statistics of the training tiles:\n' + '\n'.join(lines), 'current')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint that mmengine would load with a warning."""
        check_fits(checkpoint, unwrapped_model(runner), 'the checkpoint', tensors=runner._resume)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Write the names of the layers into the checkpoint."""
        preprocessor = _preprocessor(runner)
        checkpoint['meta'][META_KEY] = {
            'version': __version__,
            'layers': {m: list(names) for m, names in preprocessor.layers.items()},
            'categories': {name: list(codes) for name, codes in preprocessor.categories.items()},
        }


@HOOKS.register_module()
class SeedEachEpoch(Hook):
    """Seed every generator at the start of each epoch from (seed, epoch, rank).

    mmengine saves no generator state, and reseeds loader workers alike in every epoch; a resumed
    run would draw other augmentations than one that was never interrupted. With this hook both
    end in the same weights (CPU, same seed), and no two epochs draw alike.

    Raises:
        InputError: The loop counts iterations, not epochs: it has no epoch to draw by.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Refuse loops without epochs: every pass would draw alike."""
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            raise InputError(
                'IterBasedTrainLoop has no epochs, so every pass over the tiles would be augmented '
                'alike; use EpochBasedTrainLoop with max_epochs = iterations / batches per epoch'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed torch, numpy, random and the data set's own draws."""
        dataset = tile_dataset(runner.train_dataloader.dataset)
        dataset.epoch = runner.epoch
        dataset.seed = runner.seed
        self._seed(runner)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed again once the loader has started: it draws more or less by its workers."""
        if batch_idx == 0:
            self._seed(runner)

    def _seed(self, runner: Runner) -> None:
        words = np.random.SeedSequence([runner.seed, runner.epoch, get_rank()]).generate_state(3)
        torch.manual_seed(int(words[0]))
        np.random.seed(int(words[1]))
        random.seed(int(words[2]))


@HOOKS.register_module()
class ProgressLine(Hook):
    """Print one line per epoch: loss and an estimate of the time left.

    For runs whose full log nobody watches (the demo). Prints from the first process only.
    """

    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._started = time.monotonic()
        self._first = runner.epoch
        self._losses: list[float] = []

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Remember the loss."""
        if outputs:
            self._losses.append(float(outputs['loss']))

    def after_train_epoch(self, runner: Runner) -> None:
        """Print the line."""
        if get_rank() == 0:
            done = runner.epoch + 1
            pace = (time.monotonic() - self._started) / (done - self._first)
            print(
                f'  epoch {done}/{runner.max_epochs}, loss {np.mean(self._losses):.3f}, '
                f'{pace * (runner.max_epochs - done) / 60:.1f} min left',
                flush=True,
            )
        self._losses.clear()
