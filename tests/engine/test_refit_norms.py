"""Norms are measured with the weights that are tested, over training tiles."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import BaseDataPreprocessor, BaseModel
from torch import nn

from fusionls import apis
from fusionls.engine import RefitNorms
from fusionls.engine.refit_norms import refit_norms
from fusionls.models.checkpoints import read_checkpoint

CONFIG = Path(__file__).parents[1] / 'configs' / 'tiny.py'


class Small(BaseModel):
    """Two norms in a row, the second of which does not train."""

    def __init__(self):
        super().__init__(BaseDataPreprocessor())
        self.norm, self.frozen = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
        self.frozen.train(False)

    def forward(self, inputs, data_samples=None, mode='loss'):
        return {'loss': self.frozen(self.norm(inputs)).sum()}


def test_statistics_become_the_means_over_the_batches():
    model = Small()
    model.norm.running_mean.fill_(7.0)
    batches = [{'inputs': torch.randn(8, 3) * 2 + 1} for _ in range(5)]
    refit_norms(model, batches)
    seen = torch.stack([batch['inputs'] for batch in batches])  # (5, 8, 3)
    torch.testing.assert_close(model.norm.running_mean, seen.mean(1).mean(0))
    torch.testing.assert_close(model.norm.running_var, seen.var(1).mean(0))
    assert model.norm.momentum == 0.1
    assert model.frozen.running_mean.eq(0).all()
    assert model.norm.weight.grad is None


def test_a_failure_leaves_the_rate_as_it_was():
    model = Small()
    with pytest.raises(RuntimeError):
        refit_norms(model, [{'inputs': torch.randn(4, 5)}])
    assert model.norm.momentum == 0.1


@pytest.mark.parametrize('averaged', [False, True])
def test_a_checkpoint_holds_the_statistics_of_its_own_weights(tmp_path, averaged):
    config = apis.load_config(CONFIG, {'work_dir': str(tmp_path)})
    config.custom_hooks.append(dict(type=RefitNorms))
    if averaged:
        config.custom_hooks.append(config.averaging)
    runner = apis.train(config)
    saved = read_checkpoint(tmp_path / f'epoch_{runner.epoch}.pth')['state_dict']
    model = runner.model
    if averaged:
        model = next(h for h in runner.hooks if isinstance(h, EMAHook)).ema_model.module
    model.load_state_dict(saved)
    model.train(True)
    batches = list(runner.train_dataloader)
    refit_norms(model, batches)
    again = model.state_dict()
    names = [name for name in saved if name.endswith(('running_mean', 'running_var'))]
    assert names
    for name in names:  # other draws of the same tiles: alike, not equal
        spread = saved[name].std() if saved[name].numel() > 1 else saved[name].abs()
        assert (again[name] - saved[name]).abs().mean() < 0.5 * spread + 1e-3, name
