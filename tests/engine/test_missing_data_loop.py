"""The protocol hides what it says, counts the same pixels each time, and leaves no trace."""

from pathlib import Path

import pytest
import torch

from fusionls import apis
from fusionls.datasets.missing_patterns import Family, missing_patterns
from fusionls.datasets.transforms import FixLabels
from fusionls.engine import MissingDataLoop
from fusionls.engine.missing_data_loop import _background
from fusionls.errors import InputError
from fusionls.models.checkpoints import close_pickle_door
from fusionls.registry import TRANSFORMS

TINY = Path(__file__).parents[1] / 'configs' / 'tiny.py'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A tiny model after an epoch, and its checkpoint."""
    folder = tmp_path_factory.mktemp('protocol')
    config = apis.load_config(TINY, {'train_cfg.max_epochs': 1})
    config.work_dir = str(folder)
    close_pickle_door()
    runner = apis.train(config)
    return config, folder / f'epoch_{runner.epoch}.pth'


@pytest.fixture(scope='module')
def loop(trained):
    return apis.evaluate_missing_data(*trained)


def test_every_pattern_has_scores(loop):
    assert [p.name for p in loop.patterns] == list(loop.results)
    assert len(loop.results) == 7 + 3 + 3
    for scores in loop.results.values():
        assert 0 <= scores['landslide/f1'] <= 1 or scores['landslide/f1'] != scores['landslide/f1']


def test_all_data_score_as_in_an_ordinary_test(trained, loop):
    plain = apis.evaluate(*trained)
    for name, value in loop.results['all'].items():
        if name in plain and isinstance(value, float):
            assert value == pytest.approx(plain[name], nan_ok=True), name


def test_the_same_pixels_count_whatever_is_shown(trained):
    loop = apis.evaluate_missing_data(*trained, only=['all'])
    dataset = loop.dataloader.dataset
    own = list(dataset.pipeline.transforms)
    counted = []
    for pattern in missing_patterns(list(dataset.layers)):
        hidden = [FixLabels(), *map(TRANSFORMS.build, pattern.transforms({'optical_red': 1.0}))]
        dataset.pipeline.transforms = [*own[:-1], *hidden, own[-1]]
        samples = [dataset[i] for i in range(len(dataset))]
        counted.append(torch.stack([s['data_samples'].gt_sem_seg.data for s in samples]))
        if pattern.family is Family.MODALITY:
            assert all(set(s['inputs']) <= set(pattern.shown) for s in samples)
    assert all(torch.equal(labels, counted[0]) for labels in counted)


def test_the_pipeline_of_the_data_set_is_as_before(trained, loop):
    kinds = [type(t).__name__ for t in loop.dataloader.dataset.pipeline.transforms]
    assert kinds == ['LoadTile', 'PackTile']


def test_only_some_patterns_run_when_asked(trained):
    loop = apis.evaluate_missing_data(*trained, only=['all', 'holes 50 %'])
    assert list(loop.results) == ['all', 'holes 50 %']
    with pytest.raises(InputError, match='without sonar'):
        apis.evaluate_missing_data(*trained, only=['without sonar'])


def test_a_tile_with_nothing_to_see_is_background():
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    sample = SegDataSample()
    with pytest.raises(InputError, match='semantic'):
        _background(sample)
    sample.gt_sem_seg = PixelData(data=torch.ones(1, 4, 5, dtype=torch.int64))
    found = _background(sample)
    assert not found.pred_sem_seg.data.any()
    assert found.seg_logits.data.softmax(0)[0].min() > 0.999


def test_workers_that_would_keep_the_first_pattern_are_refused(trained):
    config, checkpoint = trained
    loop = apis.evaluate_missing_data(config, checkpoint, only=['all'])

    class Kept:
        persistent_workers = True
        dataset = loop.dataloader.dataset

    lasting = MissingDataLoop.__new__(MissingDataLoop)
    lasting._dataloader = None
    lasting.dataloader = Kept()
    with pytest.raises(InputError, match='persistent_workers'):
        lasting.run()
