"""Coarse levels gate the finest one, each after the other."""

import pytest
import torch
from torch import nn

from fusionls.errors import InputError
from fusionls.models.heads import SeaFormerHead
from fusionls.models.heads.seaformer_head import ContextGate


def test_a_gate_is_the_hard_sigmoid_of_what_is_coarse():
    gate = ContextGate(4, 6, 5, dict(type='BN')).eval()
    fine, coarse = torch.randn(2, 4, 8, 8), torch.randn(2, 6, 2, 2)
    nn.init.zeros_(gate.coarse.norm.weight)
    for said, share in ((0.0, 0.5), (3.0, 1.0), (7.0, 1.0), (-3.0, 0.0), (1.5, 0.75)):
        nn.init.constant_(gate.coarse.norm.bias, said)
        torch.testing.assert_close(gate(fine, coarse), share * gate.fine(fine))


@pytest.mark.parametrize('closed', [0, 1])
def test_one_closed_gate_leaves_nothing_of_the_finest_level(closed):
    torch.manual_seed(0)
    head = SeaFormerHead(in_channels=[4, 6, 8], widths=[5, 7], num_classes=2).eval()
    levels = [torch.randn(1, 4, 8, 8), torch.randn(1, 6, 2, 2), torch.randn(1, 8, 1, 1)]
    assert head(levels)[0, 0].std() > 0
    norm = head.gates[closed].coarse.norm
    nn.init.zeros_(norm.weight)
    nn.init.constant_(norm.bias, -4.0)
    assert head(levels)[0, 0].std() < 1e-6 or closed == 0
    changed = [levels[0] + 1, *levels[1:]]
    torch.testing.assert_close(head(changed), head(levels))


def test_one_width_is_wanted_per_gate():
    with pytest.raises(InputError, match='3 levels needs 2 widths, got'):
        SeaFormerHead(in_channels=[4, 6, 8], widths=[5], num_classes=2)
