"""What checks need of a config: its task, tiles without augmentation, a model that is ready."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from numpy.typing import NDArray

from fusionls.datasets.collate import sample_list
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.engine.hooks import fit_layer_statistics
from fusionls.errors import InputError
from fusionls.registry import DATASETS, MODELS
from fusionls.testing.scenes import ArraySceneDataset

MIXED = (0.2, 0.6)
"""Least and most share of landslide of a tile that shows both classes well."""


@dataclass(frozen=True)
class Task:
    """What a model is asked for.

    Attributes:
        name: ``maps``, ``instances``, ``boxes`` or ``tiles``.
        score: The score that tells whether four tiles were learned by heart.
        bar: It must be above that; at it, where that is 1.
    """

    name: str
    score: str
    bar: float

    def is_learned(self, score: float) -> bool:
        """Whether a score passes the bar."""
        return score > self.bar or score == self.bar == 1.0


TASKS = {
    'LandslideMetric': Task('maps', 'landslide/iou', 0.9),
    'LandslideInstanceMetric': Task('instances', 'landslide/coco_mask_ap50', 0.9),
    'LandslideBoxMetric': Task('boxes', 'landslide/coco_box_ap50', 0.9),
    'TileClassMetric': Task('tiles', 'landslide/tile_accuracy', 1.0),
}
"""Tasks by the metric that the config tests with."""


def task_of(config: Config) -> Task:
    """The task of a config, told by the metric it is tested with.

    Raises:
        InputError: It is tested with none of ours, or not at all (it only pre-trains).
    """
    given = config.get('test_evaluator') or []
    names = [_name(m['type']) for m in (given if isinstance(given, list | tuple) else [given])]
    known = [TASKS[name] for name in names if name in TASKS]
    if not known:
        raise InputError(
            f'{config.filename}: is tested with {names or "nothing"}; expected one of '
            f'{", ".join(TASKS)}'
        )
    return known[0]


def _name(kind: Any) -> str:
    """Name of a class, or of one that the config names in full."""
    return str(getattr(kind, '__name__', kind)).rpartition('.')[2]


def plain_pipeline(config: Config) -> list[dict[str, Any]]:
    """The transforms the config tests with, without the context around a tile."""
    pipeline = copy.deepcopy(_tiles_of(config.test_dataloader).pipeline)
    for transform in pipeline:
        for name in ('context', 'label_context'):
            transform.pop(name, None)
    return list(pipeline)


def _tiles_of(loader: Any) -> Any:
    """The data set of a loader, out of what is wrapped around it."""
    given = loader.dataset
    while 'dataset' in given:
        given = given.dataset
    return given


def made_up_tiles(config: Config, side: int, count: int) -> TileDataset:
    """Tiles (side x side base pixels) of the layers that a config reads; no file is needed."""
    dataset = ArraySceneDataset(
        layers=config.layers,
        factors=config.get('factors'),
        tile=side,
        shape=(side, side * count),
        pipeline=plain_pipeline(config),
    )
    dataset.full_init()
    return dataset


def tiles_to_learn(config: Config, count: int, most_side: int) -> TileDataset:
    """A few training tiles of a config, not augmented, with both classes.

    Where the task is a class per tile, half of them are without a landslide; else each is part
    landslide, part not (see :data:`MIXED`). They are spread evenly over the training ground.

    Args:
        config: Of any task.
        count: How many; even.
        most_side: Tiles are of the side the config trains with, or this if that is larger.

    Raises:
        InputError: The data set has too few such tiles.
    """
    given = copy.deepcopy(_tiles_of(config.train_dataloader))
    for name in ('step', 'indices'):
        given.pop(name, None)
    given.update(tile=min(given.get('tile', most_side), most_side))
    given.pipeline = plain_pipeline(config)
    dataset: TileDataset = DATASETS.build(given)
    dataset.full_init()
    shares = np.array([dataset.get_data_info(i)['landslide'] for i in range(len(dataset))])
    mixed = np.flatnonzero((shares >= MIXED[0]) & (shares <= MIXED[1]))
    if task_of(config).name == 'tiles':
        wanted = [_spread(mixed, count // 2), _spread(np.flatnonzero(shares == 0), count // 2)]
    else:
        wanted = [_spread(mixed, count)]
    dataset.get_subset_(np.concatenate(wanted).tolist())
    return dataset


def _spread(indices: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """So many of them, from the first to the last at even distances."""
    if len(indices) < count:
        raise InputError(f'{len(indices)} tiles to choose from; expected {count} at least')
    return indices[np.linspace(0, len(indices) - 1, count).astype(int)]


def ready_model(config: Config, dataset: TileDataset) -> Any:
    """The model of a config with fresh weights and the statistics of a data set's layers.

    A teacher is fresh too, where the config names no checkpoint of it.
    """
    given = dict(config.model)
    if 'teacher' in given:
        given['untrained_teacher'] = True
    model = MODELS.build(given)
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('WARNING')  # every weight and how it was initialised is a line of its own
    model.init_weights()
    logger.setLevel(level)
    fit_layer_statistics(model.data_preprocessor, dataset)
    return model


def batch_of(dataset: TileDataset, indices: Sequence[int] | None = None) -> dict[str, Any]:
    """One batch as the loader hands it over; all tiles by default."""
    chosen = range(len(dataset)) if indices is None else indices
    return sample_list([dataset[i] for i in chosen])


def scores_of(model: Any, config: Config, dataset: TileDataset) -> dict[str, float]:
    """Scores of a model on all tiles of a data set at once, by the config's own metric."""
    model.train(False)
    evaluator = Evaluator(copy.deepcopy(config.test_evaluator))
    evaluator.dataset_meta = dataset.metainfo
    batch = batch_of(dataset)
    with torch.no_grad():
        predicted = model.test_step(batch)
    evaluator.process(data_samples=predicted, data_batch=batch)
    return dict(evaluator.evaluate(len(dataset)))
