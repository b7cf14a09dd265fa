"""Half precision on the CPU: forward in bfloat16, weights in float32."""

import torch
from torch import nn

from fusionls.engine import BFloat16OptimWrapper


def test_a_step_runs_in_bfloat16_and_moves_float32_weights():
    torch.manual_seed(0)
    model = nn.Linear(8, 4)
    before = model.weight.detach().clone()
    wrapper = BFloat16OptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    with wrapper.optim_context(model):
        out = model(torch.ones(2, 8))
        assert out.dtype is torch.bfloat16
        loss = out.float().square().sum()
    wrapper.update_params(loss)
    assert model.weight.dtype is torch.float32
    assert not torch.equal(model.weight, before)
    plain = nn.Linear(8, 4)
    assert plain(torch.ones(2, 8)).dtype is torch.float32  # outside nothing is cast


def test_the_step_is_that_of_float32_to_the_precision_of_bfloat16():
    def step(wrapped):
        torch.manual_seed(1)
        model = nn.Linear(8, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.randn(16, 8)
        if wrapped:
            wrapper = BFloat16OptimWrapper(optimizer=optimizer)
            with wrapper.optim_context(model):
                loss = model(x).float().square().mean()
            wrapper.update_params(loss)
        else:
            model(x).square().mean().backward()
            optimizer.step()
        return model.weight.detach()

    torch.testing.assert_close(step(True), step(False), rtol=2**-6, atol=2**-9)
