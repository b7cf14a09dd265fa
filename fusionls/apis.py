"""The verbs: build a stack, train, evaluate, map a scene, make its inventory.

Each does one thing to files and returns what it made; ``tools/*.py`` only parse arguments for
them. Imports of the training stack happen inside, so that building stacks and inventories needs
no torch.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusionls.config import config_digest, load_config
from fusionls.errors import FileMissingError, InputError, LayerMissingError, nearest_names
from fusionls.inventory import make_inventory
from fusionls.stack import build_stack

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from mmengine.config import Config
    from mmengine.runner import Runner
    from torch import nn

    from fusionls.engine import MissingDataLoop
    from fusionls.evaluation.functional.calibration import Temperature
    from fusionls.inference.scene_predictor import Predict

__all__ = [
    'build_stack',
    'detect_scene',
    'evaluate',
    'evaluate_missing_data',
    'fit_temperature',
    'load_config',
    'load_model',
    'make_inventory',
    'predict_scene',
    'train',
]


def _runner(config: Config) -> Runner:
    """A runner whose checkpoints are read as data, never as programs."""
    from mmengine.runner import Runner

    from fusionls.models.checkpoints import close_pickle_door

    close_pickle_door()
    _join_processes(config)
    return Runner.from_cfg(config)


def _join_processes(config: Config) -> None:
    """Under torchrun without CUDA: join by gloo; mmengine's own start wants a GPU per process."""
    import torch

    if config.launcher == 'none' or torch.cuda.is_available():
        return
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    config.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=config.get('find_unused_parameters', False),
    )


def train(
    config: Config,
    *,
    resume: bool | str = False,
    amp: bool = False,
    launcher: str = 'none',
    allow_leakage: bool = False,
) -> Runner:
    """Train by the mmengine runner.

    Args:
        config: From :func:`load_config`; stays as it is.
        resume: True to go on from the newest checkpoint of the work folder, or a checkpoint.
        amp: Mixed precision: float16 with CUDA, bfloat16 on CPU. ``TokenExchangeFusion`` refuses
            float16 with a sparsity.
        launcher: ``'none'`` or ``'pytorch'`` (under torchrun).
        allow_leakage: Train knowingly on what is validated or tested on: the leaks that
            ``CheckLeakage`` finds are a warning, and are written into the run.

    Returns:
        The runner after training.

    Raises:
        SplitLeakageError: Training tiles leak into validation or test.
        FileMissingError: There is no checkpoint of that name.
        CheckpointMismatchError: The checkpoint is of other modalities or another model.
        UnsafeCheckpointError: The checkpoint would run code.
    """
    import torch

    import fusionls.engine  # noqa: F401  (registers BFloat16OptimWrapper)

    config = copy.deepcopy(config)
    config.launcher = launcher
    # a batch may lack a modality altogether: its branch then has no gradient on this rank
    config.setdefault('find_unused_parameters', True)
    if allow_leakage:
        _allow_leakage(config)
    if amp:
        cuda = torch.cuda.is_available()
        # by name: mmengine 0.10.7 cannot write a config that holds a class
        config.optim_wrapper.type = 'AmpOptimWrapper' if cuda else 'BFloat16OptimWrapper'
        if cuda:
            config.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if isinstance(resume, str):
        if not Path(resume).is_file():
            raise FileMissingError(f'{resume}: no such checkpoint to resume from')
        config.load_from = resume
    config.resume = bool(resume)
    runner = _runner(config)
    runner.train()
    return runner


def _allow_leakage(config: Config) -> None:
    """Let the hook that checks for leaks warn only."""
    checks = [
        hook
        for hook in config.get('custom_hooks') or []
        if getattr(hook['type'], '__name__', hook['type']).rpartition('.')[2] == 'CheckLeakage'
    ]
    if not checks:
        raise InputError(
            'allow_leakage: the config has no hook CheckLeakage, so nothing is checked anyway'
        )
    for check in checks:
        check['allow'] = True


def evaluate(
    config: Config,
    checkpoint: str | Path,
    *,
    modalities: Sequence[str] | None = None,
    launcher: str = 'none',
    temperature: float | None = None,
    out: str | Path | None = None,
    stem: str = 'metrics',
) -> dict[str, float]:
    """Test a checkpoint on the config's test tiles.

    Args:
        config: From :func:`load_config`; stays as it is.
        checkpoint: What was trained with it.
        modalities: Only these are shown to the model; all by default. Pixels (and whole tiles)
            where none of them is valid do not count.
        launcher: ``'none'`` or ``'pytorch'``.
        temperature: Of the probabilities, from :func:`fit_temperature`; the config's by default.
        out: Folder for tables, sums by block and pictures; none are written by default.
        stem: Names of these files begin with it.

    Returns:
        Scores by name.

    Raises:
        CheckpointMismatchError: The checkpoint is of other modalities or another model.
        UnsafeCheckpointError: The checkpoint would run code.
        LayerMissingError: A modality is not in the config.
        OutputError: ``out`` cannot be written.
    """
    config = copy.deepcopy(config)
    if modalities is not None:
        known = config.test_dataloader.dataset.layers
        unknown = sorted(set(modalities) - set(known))
        if unknown or not modalities:
            raise LayerMissingError(
                f'modalities {list(modalities)}: not in the config; '
                f'{nearest_names((unknown or [""])[0], known)}'
            )
        config.test_dataloader.dataset.modalities = list(modalities)
    _prepare_evaluator(config, temperature, gallery=out is not None)
    runner = _loaded_runner(config, checkpoint, launcher)
    scores: dict[str, float] = runner.test()
    if out is not None and runner.rank == 0:
        from fusionls.visualization.evaluation_files import write_evaluation

        shown = f', shown {" + ".join(modalities)} only' if modalities else ''
        heading = f'{Path(config.filename or "model").stem}, {Path(checkpoint).name}{shown}'
        write_evaluation(
            runner.test_loop.evaluator.metrics, scores, out, stem=stem, heading=heading
        )
    return scores


def _prepare_evaluator(config: Config, temperature: float | None, *, gallery: bool) -> None:
    """Set the temperature of the metrics and let the best and worst tiles be kept."""
    from fusionls.evaluation.metrics import LandslideMetric, TileGallery

    given = config.test_evaluator
    metrics = list(given) if isinstance(given, list | tuple) else [given]
    if gallery:
        metrics.append(dict(type=TileGallery))
    for metric in metrics:
        if temperature is not None and metric['type'] in (
            LandslideMetric,
            TileGallery,
            LandslideMetric.__name__,
        ):
            metric['temperature'] = temperature
    config.test_evaluator = metrics


def evaluate_missing_data(
    config: Config,
    checkpoint: str | Path,
    *,
    only: Sequence[str] | None = None,
    launcher: str = 'none',
    out: str | Path | None = None,
) -> MissingDataLoop:
    """Test a checkpoint under every pattern of missing data.

    Args:
        config: From :func:`load_config`; stays as it is.
        checkpoint: What was trained with it.
        only: Names of patterns, see ``datasets.missing_patterns``; all by default.
        launcher: ``'none'`` or ``'pytorch'``.
        out: Folder where ``missing_data.json``, ``.md`` and ``.png`` go; none by default.

    Returns:
        The loop after its run, with ``patterns`` and ``results``.

    Raises:
        CheckpointMismatchError: The checkpoint is of other modalities or another model.
        UnsafeCheckpointError: The checkpoint would run code.
        InputError: ``only`` names no pattern.
    """
    from mmengine.dist import get_rank

    from fusionls.engine import MissingDataLoop
    from fusionls.visualization.missing_data import write_missing_data

    config = copy.deepcopy(config)
    config.test_cfg = dict(type=MissingDataLoop, only=only)
    runner = _loaded_runner(config, checkpoint, launcher)
    runner.test()
    loop = runner.test_loop
    if out is not None and get_rank() == 0:
        write_missing_data(loop.patterns, loop.results, out, title=Path(checkpoint).name)
    return loop


def _loaded_runner(config: Config, checkpoint: str | Path, launcher: str) -> Runner:
    """A runner of this config (which it takes over) with the weights of a checkpoint."""
    from fusionls.models.checkpoints import check_fits, read_checkpoint

    config.launcher = launcher
    config.load_from, config.resume = None, False  # they would replace what is to be tested
    loaded = read_checkpoint(checkpoint)
    runner = _runner(config)
    model = getattr(runner.model, 'module', runner.model)
    check_fits(loaded, model, checkpoint)
    model.load_state_dict(loaded.get('state_dict', loaded))
    return runner


def fit_temperature(
    config: Config, checkpoint: str | Path, *, launcher: str = 'none'
) -> Temperature:
    """Fit the temperature of a semantic model's probabilities on the config's validation tiles.

    Args:
        config: From :func:`load_config`; stays as it is.
        checkpoint: What was trained with it.
        launcher: ``'none'`` or ``'pytorch'``.

    Returns:
        The temperature; its ``fitted_on`` warns where the validation tiles are the test tiles,
        whose calibration is then no test of anything.

    Raises:
        InputError: The model gives no probabilities, or no validation pixel has a label.
        CheckpointMismatchError: The checkpoint is of other modalities or another model.
        UnsafeCheckpointError: The checkpoint would run code.
    """
    from fusionls.evaluation.functional.calibration import fitted_temperature
    from fusionls.evaluation.metrics import LandslideMetric

    config = copy.deepcopy(config)
    same = config.val_dataloader.dataset == config.test_dataloader.dataset
    config.test_dataloader = config.val_dataloader
    config.test_evaluator = dict(type=LandslideMetric)
    runner = _loaded_runner(config, checkpoint, launcher)
    runner.test()
    tally = runner.test_loop.evaluator.metrics[0].evaluated
    sums = {} if tally is None else tally.blocks.total()
    if 'curve' not in sums:
        raise InputError(f'{checkpoint}: the model gives no probability of each pixel')
    tiles = 'validation tiles' + (', which are also the test tiles' if same else '')
    name = Path(config.filename or 'config').stem
    return fitted_temperature(sums['curve'], f'{tiles} of {name}, {Path(checkpoint).name}')


def load_model(config: Config, checkpoint: str | Path, device: str | None = None) -> nn.Module:
    """Build the model of a config with the weights of a checkpoint, ready to predict.

    Raises:
        CheckpointMismatchError: They do not fit.
        UnsafeCheckpointError: The checkpoint would run code.
    """
    import torch

    from fusionls.models.checkpoints import check_fits, read_checkpoint
    from fusionls.registry import MODELS

    loaded = read_checkpoint(checkpoint)
    model = MODELS.build(config.model)
    check_fits(loaded, model, checkpoint)
    model.load_state_dict(loaded.get('state_dict', loaded))
    model.to(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    model.train(False)
    return model


def predict_scene(
    config: Config,
    checkpoint: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    modalities: Sequence[str] | None = None,
    window: int = 512,
    overlap: int = 128,
    batch_size: int = 4,
    turns: int = 1,
    temperature: float = 1.0,
    device: str | None = None,
    support: str | Path | None = None,
    subset_maps: str | Path | None = None,
    screen: tuple[Config, str | Path] | None = None,
    screen_threshold: float | None = None,
    screened: Callable[[int, int], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Map a stack with a trained model.

    A run that was killed goes on where it was when it is started again with the same files and
    settings, and the map has the bytes it would have had (see ``inference.unfinished_map``).

    Args:
        config: The config of the checkpoint.
        checkpoint: What was trained with it.
        stack: Folder of a stack. Layers it lacks are derived as they were in training.
        out: Probability GeoTIFF to write.
        modalities: Only these are shown to the model; by default all that model and stack share.
        window: Side of a window, base pixels.
        overlap: Least overlap of neighbouring windows, base pixels.
        batch_size: Windows per forward pass.
        turns: 1, or 8 to average over the mirrored and turned window.
        temperature: Of the probabilities, from :func:`fit_temperature`.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ...; CUDA where there is one by default.
        support: GeoTIFF to write of how much each modality carried the decision, in log-odds (see
            ``inference.modality_support``). Every subset of M modalities is mapped for it:
            2^M - 1 maps instead of one.
        subset_maps: Folder that keeps the maps of the subsets, ``probability_<modality>_....tif``;
            they are thrown away by default.
        screen: Config and checkpoint of a tile classifier. Windows it takes for free of landslides
            are not mapped: their ground has probability 0, except where a mapped window overlaps
            it. A two-stage model (``ScreenedSegmentor``) brings its own.
        screen_threshold: A window is mapped from this probability on; 0.5, or that of the two-stage
            model, by default.
        screened: Called at the end with windows mapped and windows screened.
        progress: Called with windows done and windows in all.

    Returns:
        ``out``.

    Raises:
        LayerMissingError: Stack and model do not share the modality or a layer.
        InputError: There are too many modalities for ``support``; or the screen cannot be used; or
            another process makes the same map.
    """
    import torch

    from fusionls.inference.job import job_name
    from fusionls.inference.modality_support import map_support, subsets
    from fusionls.inference.model_predictor import model_predictor, seen_by, shared_modalities
    from fusionls.inference.model_screen import model_screen
    from fusionls.inference.scene_predictor import map_scene
    from fusionls.inference.screening import Screening
    from fusionls.stack.layer_stack import LayerStack

    opened = LayerStack.open(stack)
    model = load_model(config, checkpoint, device)
    judge = _judge(model, screen, screen_threshold, device)
    opened = seen_by(opened, model, *([] if judge is None else [judge.model]))
    names = shared_modalities(model, opened, modalities)
    predict: Predict = model_predictor(model, opened, turns=turns, temperature=temperature)
    wanted = [frozenset(names)] if support is None else subsets(names)
    screening = None
    if judge is not None:
        screen_of = model_screen(judge.model, opened, names, judge.tile)
        screening = Screening(screen_of, judge.threshold)
    if screening is not None and support is not None:
        raise InputError(
            'support compares maps of every subset of the modalities, and a screen would leave out '
            'other windows in each; ask for one of the two'
        )
    settings = {
        'config': config_digest(config),
        'modalities': names,
        'windows': (window, overlap, batch_size),
        'turns': turns,
        'temperature': temperature,
        'device': next(itertools.chain(model.parameters(), model.buffers())).device,
        'threads': torch.get_num_threads(),
        'screen': screen and config_digest(screen[0]),
        'threshold': screening and screening.threshold,
    }
    job = job_name(opened, [checkpoint, *([screen[1]] if screen else [])], settings)

    def mapped(subset: frozenset[str], path: Path) -> Path:
        """Map with one of the subsets."""
        number = wanted.index(subset)

        def report(done: int, total: int) -> None:
            if progress is not None:
                progress(number * total + done, len(wanted) * total)

        return map_scene(
            opened,
            predict,
            path,
            window=window,
            overlap=overlap,
            batch_size=batch_size,
            modalities=[name for name in names if name in subset],
            screening=screening,
            tags={
                'checkpoint': Path(checkpoint).name,
                'turns': str(turns),
                'temperature': f'{temperature:g}',
            },
            job=job,
            progress=report,
        )

    out = Path(out)
    if support is not None:
        keep = None if subset_maps is None else Path(subset_maps)
        map_support(mapped, names, out, Path(support), job=job, keep=keep)
        return out
    mapped(wanted[0], out)
    if screening is not None and screened is not None:
        screened(screening.kept, screening.looked)
    return out


@dataclass(frozen=True)
class _Judge:
    """What chooses the windows to map: a classifier, the side of its tiles, where it says yes."""

    model: nn.Module
    tile: int
    threshold: float


def _judge(
    model: nn.Module,
    screen: tuple[Config, str | Path] | None,
    threshold: float | None,
    device: str | None,
) -> _Judge | None:
    """That of the model or the one given; None where every window is mapped."""
    from fusionls.models.segmentors import ScreenedSegmentor

    if isinstance(model, ScreenedSegmentor):
        if screen is not None:
            raise InputError(
                'the model has a screen of its own; map with it, or give a screen to the segmentor '
                'alone'
            )
        chosen = model.threshold if threshold is None else threshold
        return _Judge(model, model.screen_tile, chosen)
    if screen is None:
        if threshold is not None:
            raise InputError(f'screen_threshold is {threshold}, but there is no screen; give one')
        return None
    config, checkpoint = screen
    tile = config.test_dataloader.dataset.get('tile')
    if tile is None:
        raise InputError(
            f'{config.filename}: test_dataloader.dataset has no `tile`, the side of the tiles that '
            'the screen judges; set it'
        )
    chosen = 0.5 if threshold is None else threshold
    return _Judge(load_model(config, checkpoint, device), tile, chosen)


def detect_scene(
    config: Config,
    checkpoint: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    modalities: Sequence[str] | None = None,
    window: int = 512,
    overlap: int = 128,
    batch_size: int = 4,
    least_score: float = 0.05,
    device: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> GeoDataFrame:
    """Find the landslides of a stack as boxes and judge each by the deformation in it.

    ``active_deformation`` of the config names the velocity layer and the rule (see
    ``inference.active_deformation``); without it the detector alone decides.

    Args:
        config: The config of the checkpoint, of a detector.
        checkpoint: What was trained with it.
        stack: Folder of a stack.
        out: File of polygons to write.
        modalities: Only these are shown to the model; by default all that model and stack share.
        window: Side of a window, base pixels.
        overlap: Least overlap of neighbouring windows, base pixels.
        batch_size: Windows per forward pass.
        least_score: Boxes of the detector below it are left out.
        device: As for :func:`predict_scene`.
        progress: Called with windows done and windows in all.

    Returns:
        What was written, see ``inventory.boxes.box_frame``.

    Raises:
        LayerMissingError: Stack and model do not share the modality or a layer, or the InSAR of
            the stack lacks the velocity layer.
        InputError: The model finds no boxes, or the rule cannot be used.
    """
    from fusionls.inference.active_deformation import ActivityRule, join_deformation, velocity_of
    from fusionls.inference.box_detector import box_detector
    from fusionls.inference.box_scene import detect_scene
    from fusionls.inference.model_predictor import seen_by, shared_modalities
    from fusionls.inventory.boxes import write_boxes
    from fusionls.inventory.export import check_suffix
    from fusionls.stack.layer_stack import LayerStack

    check_suffix(out)  # before anything takes its time
    opened = LayerStack.open(stack)
    settings = dict(config.get('active_deformation') or {})
    velocity, valid, factor = velocity_of(opened, settings.pop('layer', None))
    rule = ActivityRule.of(settings)
    model = load_model(config, checkpoint, device)
    opened = seen_by(opened, model)
    found = detect_scene(
        opened,
        box_detector(model, opened, least_score=least_score),
        window=window,
        overlap=overlap,
        batch_size=batch_size,
        modalities=shared_modalities(model, opened, modalities),
        progress=progress,
    )
    joined = join_deformation(found, velocity, valid, factor=factor, rule=rule)
    return write_boxes(joined, opened.grid, out)
