"""A trained model of seconds, shared by the tests of all analyses."""

from pathlib import Path

import pytest
import torch

from fusionls import apis

CONFIG = Path(__file__).parents[2] / 'configs' / 'tiny.py'


@pytest.fixture(autouse=True, scope='module')
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """Work folder with the checkpoints of three epochs."""
    folder = tmp_path_factory.mktemp('trained')
    apis.train(apis.load_config(CONFIG, {'work_dir': str(folder)}))
    return folder
