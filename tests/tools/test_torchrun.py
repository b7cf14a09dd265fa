"""Two processes under torchrun train one model: the weights of both are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/gated/gated_resnet10t_optterinslid_1xb8_30e_valley_t128.py'


@pytest.fixture(scope='module')
def stack(tmp_path_factory):
    from fusionls.simulation import simulate_valley
    from fusionls.stack import build_stack

    folder = tmp_path_factory.mktemp('torchrun')
    scene = simulate_valley(folder / 'raw', seed=1, size=256)
    return build_stack(scene, folder / 'stack').folder


def test_two_processes_train_one_model(stack, tmp_path):
    loaders = [
        f'{loader}_dataloader.dataset.stacks=[{stack}]' for loader in ('train', 'val', 'test')
    ]
    command = [
        sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2',
        '--standalone', '--local-addr=127.0.0.1',
        'tools/train.py', CONFIG, '--allow-leakage', '--launcher', 'pytorch',
        '--work-dir', str(tmp_path),
        '--cfg-options', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
        'train_dataloader.batch_size=1', 'val_dataloader.batch_size=1', *loaders,
    ]  # fmt: skip
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert 'Epoch(train) [1][2/2]' in result.stdout + result.stderr  # 4 tiles, 2 processes
    assert (tmp_path / 'epoch_1.pth').exists()
