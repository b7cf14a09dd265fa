"""The metric in the loop equals counting everything at once."""

import pickle

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score

from fusionls.evaluation.functional.confusion import count_pixels
from fusionls.evaluation.functional.objects import ObjectCounts, count_objects
from fusionls.evaluation.functional.scores import strata_of
from fusionls.evaluation.metrics import LandslideMetric, streaming
from fusionls.evaluation.tally import Tally


def sample(predicted, truth):
    made = SegDataSample()
    made.pred_sem_seg = PixelData(data=torch.as_tensor(predicted)[None].long())
    made.gt_sem_seg = PixelData(data=torch.as_tensor(truth)[None].long())
    return made.to_dict()


def scores(pairs, batch=2, **options):
    metric = LandslideMetric(**options)
    for i in range(0, len(pairs), batch):
        metric.process({}, [sample(*pair) for pair in pairs[i : i + batch]])
    return metric.evaluate(len(pairs))


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    return [
        (rng.integers(0, 2, (20, 24)), rng.choice([0, 1, 255], (20, 24), p=[0.5, 0.3, 0.2]))
        for _ in range(5)
    ]


def test_pooled_pixels_are_those_of_all_tiles_side_by_side(pairs):
    together = count_pixels(*(np.concatenate(parts) for parts in zip(*pairs, strict=True)))
    found = scores(pairs)
    for name, value in together.scores().items():
        assert found[f'landslide/{name}'] == pytest.approx(value, rel=1e-12)


def test_objects_are_counted_tile_by_tile(pairs):
    options = dict(iou_threshold=0.3, least_pixels=4)
    expected = sum(
        (count_objects(p, t, iou_threshold=0.3, min_pixels=4) for p, t in pairs), ObjectCounts()
    )
    found = scores(pairs, **options)
    for name, value in expected.scores().items():
        assert found[f'landslide/{name}'] == pytest.approx(value, nan_ok=True)


def test_the_size_of_batches_changes_nothing(pairs):
    assert scores(pairs, batch=1) == scores(pairs, batch=5)


def test_labels_padded_for_the_batch_are_cut_back(pairs):
    padded = [(p, np.pad(t, ((0, 12), (0, 8)), constant_values=1)) for p, t in pairs]
    assert scores(padded) == scores(pairs)


def test_what_is_predicted_on_invalid_pixels_never_counts(pairs):
    other = [(np.where(t == 255, 1 - p, p), t) for p, t in pairs]
    before, after = scores(pairs), scores(other)
    for name in ('precision', 'recall', 'f1', 'iou', 'miou'):
        assert after[f'landslide/{name}'] == before[f'landslide/{name}']


def test_known_counts_give_known_scores():
    truth = np.zeros((10, 10), int)
    truth[:4] = 1
    truth[9] = 255
    predicted = np.zeros((10, 10), int)
    predicted[2:6] = 1  # two rows right, two wrong, two missed
    found = scores([(predicted, truth)])
    assert found['landslide/precision'] == 0.5
    assert found['landslide/recall'] == 0.5
    assert found['landslide/f1'] == 0.5
    assert found['landslide/iou'] == pytest.approx(20 / 60)
    assert found['landslide/miou'] == pytest.approx((20 / 60 + 30 / 70) / 2)


def with_logits(probability, truth, *, single=False, **meta):
    """A sample as mmseg leaves it: logits of two classes, or one class after its sigmoid."""
    made = SegDataSample(metainfo=meta)
    p = torch.as_tensor(probability, dtype=torch.float64)
    odds = torch.log(p / (1 - p))
    logits = p[None] if single else torch.stack([torch.full_like(odds, 3.0), odds + 3.0])
    made.seg_logits = PixelData(data=logits)
    made.pred_sem_seg = PixelData(data=(p[None] >= 0.5).long())
    made.gt_sem_seg = PixelData(data=torch.as_tensor(truth)[None].long())
    return made.to_dict()


@pytest.fixture
def maps():
    rng = np.random.default_rng(1)
    return [
        (rng.uniform(0.01, 0.99, (20, 24)), rng.choice([0, 1, 255], (20, 24), p=[0.5, 0.3, 0.2]))
        for _ in range(6)
    ]


def evaluated(metric, samples, inputs=None):
    batch = {} if inputs is None else {'inputs': inputs}
    metric.process(batch, samples)
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('single', [False, True])
def test_probabilities_come_from_logits_of_two_classes_or_of_one(maps, single):
    found = evaluated(LandslideMetric(), [with_logits(*m, single=single) for m in maps])
    y = np.concatenate([t[t != 255] for _, t in maps])
    p = np.concatenate([p[t != 255] for p, t in maps])
    assert found['landslide/brier'] == pytest.approx(brier_score_loss(y, p), abs=1e-6)
    assert found['landslide/ap'] == pytest.approx(average_precision_score(y, p), abs=1e-3)
    assert found['landslide/f1'] == pytest.approx(f1_score(y, p >= 0.5), abs=1e-9)


@pytest.mark.parametrize('single', [False, True])
def test_a_temperature_changes_calibration_and_nothing_else(maps, single):
    samples = [with_logits(*m, single=single) for m in maps]
    plain, soft = (evaluated(LandslideMetric(temperature=t), samples) for t in (1.0, 2.0))
    y = np.concatenate([t[t != 255] for _, t in maps])
    p = np.concatenate([p[t != 255] for p, t in maps])
    softer = 1 / (1 + np.sqrt((1 - p) / p))  # log-odds halved
    assert soft['landslide/brier'] == pytest.approx(brier_score_loss(y, softer), abs=1e-6)
    for name in ('f1', 'object_f1', 'boundary_f_1px'):
        assert soft[f'landslide/{name}'] == plain[f'landslide/{name}']


def test_another_threshold_predicts_other_landslides(maps):
    found = evaluated(LandslideMetric(threshold=0.8), [with_logits(*m) for m in maps])
    y = np.concatenate([t[t != 255] for _, t in maps])
    p = np.concatenate([p[t != 255] for p, t in maps])
    assert found['landslide/recall'] == pytest.approx((p[y == 1] >= 0.8).mean())


def test_labels_alone_have_no_curve_and_no_calibration(pairs):
    assert not {'landslide/ap', 'landslide/ece', 'landslide/brier'} & scores(pairs).keys()


def test_tiles_fall_into_blocks_of_ground_by_scene_and_centre(maps):
    metric = LandslideMetric(block=100)
    places = [(0, 0), (0, 80), (0, 95), (95, 0), (0, 0), (-12, -12)]
    scenes = ['a', 'a', 'a', 'a', 'b', 'a']
    evaluated(
        metric,
        [
            with_logits(*m, scene=scene, window=(*place, 20, 24))
            for m, place, scene in zip(maps, places, scenes, strict=True)
        ],
    )
    assert sorted(metric.evaluated.blocks.blocks) == ['a -1 0', 'a 0 0', 'a 0 1', 'a 1 0', 'b 0 0']


def test_memory_does_not_grow_with_the_tiles_of_a_block(maps):
    metric = LandslideMetric()
    samples = [with_logits(*m, scene='a', window=(0, 0, 20, 24)) for m in maps]
    sizes = []
    for _ in range(3):
        for _ in range(5):
            metric.process({}, samples)
        sizes.append(len(pickle.dumps(metric._sum.blocks)))
    assert sizes[1] == sizes[2]
    assert not metric.results
    # areas of objects are kept as a table of how many have which
    assert sum(metric._sum.areas['true'].values()) > 5 * len(metric._sum.areas['true'])


def test_the_area_of_a_pixel_decides_the_size_class(maps):
    truth = np.zeros((20, 24), int)
    truth[2:12, 2:12] = 1
    for pixel, row in ((0.5, 0), (1.0, 1), (10.0, 3)):  # 25, 100 and 10 000 m2
        metric = LandslideMetric()
        evaluated(metric, [with_logits(np.full((20, 24), 0.1), truth, pixel=pixel)])
        sums = metric.evaluated.blocks.total()
        assert sums['recall_by_size'][:, 1].nonzero()[0].tolist() == [row]
        assert metric.evaluated.areas['true'] == {100 * pixel**2: 1}


def test_pixels_are_told_apart_by_slope_and_by_the_modalities_that_see_them(maps):
    probability, truth = maps[0]
    truth = np.where(truth == 255, 0, truth)
    slope = torch.zeros(2, 5, 6)  # of a modality with pixels four times as large
    slope[1, :, :3], slope[1, :, 3:] = 5.0, 35.0
    valid = torch.ones(1, 5, 6, dtype=torch.bool)
    valid[:, 0] = False
    metric = LandslideMetric()
    metric.dataset_meta = {'layers': {'terrain': ('terrain_elevation', 'terrain_slope')}}
    evaluated(metric, [with_logits(probability, truth)], [{'terrain': (slope, valid)}])
    strata = strata_of(metric.evaluated.blocks.total())
    found = {name: counts.total for name, counts in strata.items()}
    assert found == {
        'seen by nothing': 4 * 24, 'seen by terrain': 16 * 24, 'slope unknown': 4 * 24,
        'slope 0 to 10 degrees': 16 * 12, 'slope 30 to 40 degrees': 16 * 12,
    }  # fmt: skip
    steep = count_pixels(probability[4:, 12:] >= 0.5, truth[4:, 12:])
    assert strata['slope 30 to 40 degrees'].f1 == pytest.approx(steep.f1)


class Ranks:
    """Two processes in one: tells a metric that it is one of two."""

    def __init__(self, monkeypatch):
        self.rank = 0
        monkeypatch.setattr(streaming, 'get_dist_info', lambda: (self.rank, 2))


@pytest.mark.parametrize('count', [5, 6])
def test_what_the_sampler_repeats_to_fill_up_does_not_count(maps, pairs, monkeypatch, count):
    tiles = [*pairs, (maps[0][0] > 0.5, maps[0][1])][:count]
    expected = scores(tiles)
    ranks, tallies = Ranks(monkeypatch), []
    for rank in (0, 1):
        ranks.rank = rank
        shares = [tiles[i % count] for i in range(rank, 2 * -(-count // 2), 2)]
        metric = LandslideMetric()
        monkeypatch.setattr(
            metric, 'compute_metrics', lambda results: tallies.extend(results) or {}
        )
        metric.process({}, [sample(*pair) for pair in shares])
        metric.evaluate(count)
    whole = Tally()
    for tally in tallies:
        whole += tally
    assert whole.tiles == count
    for name, value in whole.scores(metric.rules).items():
        assert value == pytest.approx(expected[f'landslide/{name}'], nan_ok=True)


def test_a_second_evaluation_starts_from_nothing(pairs):
    metric = LandslideMetric()
    samples = [sample(*pair) for pair in pairs]
    first = evaluated(metric, samples)
    assert evaluated(metric, samples) == first
    assert metric.evaluated.tiles == len(pairs)
