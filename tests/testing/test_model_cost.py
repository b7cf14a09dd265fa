"""Counts are those of closed forms and of what the model is built of."""

import copy
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.ops import deform_conv2d

from fusionls.apis import load_config
from fusionls.errors import InputError
from fusionls.registry import MODELS
from fusionls.testing.model_cost import UNCOUNTED, model_cost

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'tests' / 'configs' / 'tiny.py'


@pytest.fixture(scope='module')
def tiny():
    torch.set_num_threads(1)
    return load_config(TINY)


def flops(call):
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as counter:
        call()
    return counter.get_total_flops()


def test_a_deformable_convolution_counts_as_a_plain_one():
    x, weight = torch.randn(2, 6, 9, 8), torch.randn(4, 3, 3, 3)
    offset = torch.zeros(2, 18, 7, 6)
    assert flops(lambda: deform_conv2d(x, offset, weight)) == 2 * (2 * 4 * 7 * 6) * (3 * 3 * 3)
    assert flops(lambda: torch.conv2d(x, weight, groups=2)) == 2 * (2 * 4 * 7 * 6) * (3 * 3 * 3)


def test_attention_counts_two_matrix_products():
    query, key, value = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 7, 8), torch.randn(2, 3, 7, 8)
    attention = torch.nn.functional.scaled_dot_product_attention
    assert flops(lambda: attention(query, key, value)) == 2 * (2 * 2 * 3 * 5 * 7 * 8)


def test_parameters_are_those_of_the_model_and_frozen_ones_are_told_apart(tiny):
    cost = model_cost(tiny, side=64, runs=1)
    model = MODELS.build(tiny.model)
    assert cost.parameters == cost.trainable == sum(p.numel() for p in model.parameters())
    assert cost.modalities == ('optical', 'terrain', 'insar')
    assert (cost.task, cost.side, cost.runs, cost.threads) == ('maps', 64, 1, 1)
    assert cost.latency_ms > 0
    assert cost.step_mb >= cost.predict_mb >= 0


def test_four_times_the_pixels_cost_four_times_the_flops_of_convolutions(tiny):
    small, large = (model_cost(tiny, side=side, runs=1).gflops for side in (64, 128))
    assert large == pytest.approx(4 * small, rel=0.02)  # gates from means do not grow


def test_what_is_fitted_in_one_go_is_fitted_before_it_is_timed(monkeypatch):
    """A forest that was not grown is a leaf, and answers at once."""
    path = TINY.parents[2] / 'configs/random_forest/random_forest_trees100_opt_1xb8_1e_mars_t64.py'
    config = load_config(path, {'model.decode_head.trees': 2, 'model.decode_head.leaves': 8})
    grown = []
    forest = MODELS.get('ForestHead')
    odds = forest.log_odds

    def noted(head, features):
        grown.append(bool((head.following != torch.arange(15)[:, None]).any()))
        return odds(head, features)

    monkeypatch.setattr(forest, 'log_odds', noted)
    cost = model_cost(config, side=32, runs=1)
    assert (cost.trainable, cost.step_mb) == (0, 0)
    assert cost.parameters > 0
    assert grown
    assert all(grown)


def test_a_config_that_is_not_tested_has_no_cost_of_predicting(tiny):
    config = copy.deepcopy(tiny)
    config.test_evaluator = []
    with pytest.raises(InputError, match='expected one of LandslideMetric'):
        model_cost(config)


def test_a_model_that_splits_a_parameter_while_it_predicts_is_counted():
    """torch's counter asks the pieces of the queries for a gradient function they do not have."""
    (path,) = (ROOT / 'configs/deformable_detr').glob('*_opt_*.py')
    encoder = {'model.backbone.encoder.depth': 18, 'model.neck.in_channels': [128, 256, 512]}
    found = model_cost(load_config(path, encoder), side=64, runs=1)
    assert found.gflops > 0
    assert found.trainable == found.parameters  # nothing stays frozen
