"""What tests of models share."""

import pytest
import torch

from fusionls import ops

ops.serve()


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are so small that a second thread only waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
