"""Prediction is the same every time, in another process too; training draws anew."""

import pytest
import torch
from mmseg.models.decode_heads import LightHamHead
from torch.nn import GroupNorm

from fusionls.models.heads import SteadyHamHead


def head(kind=SteadyHamHead, seed=0):
    torch.manual_seed(seed)
    return kind(
        in_channels=[4, 6],
        in_index=[0, 1],
        channels=8,
        ham_channels=8,
        ham_kwargs=dict(MD_R=4),
        num_classes=2,
        dropout_ratio=0.0,
        norm_cfg=dict(type=GroupNorm, num_groups=2),
    )


def levels():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, c, s, s, generator=generator) for c, s in ((4, 8), (6, 4))]


def predicted(made):
    with torch.no_grad():
        return made.eval()(levels())


def test_a_tile_is_mapped_alike_every_time():
    made = head()
    assert torch.equal(predicted(made), predicted(made))
    made.train()(levels())
    assert torch.equal(predicted(made), predicted(made))


def test_each_tile_of_a_batch_is_mapped_as_if_alone():
    made = head().eval()
    with torch.no_grad():
        alone = torch.cat([made([level[i : i + 1] for level in levels()]) for i in (0, 1)])
    torch.testing.assert_close(predicted(made), alone)


def test_a_checkpoint_brings_all_that_prediction_needs():
    made, other = head(), head(seed=1)
    assert not torch.allclose(predicted(made), predicted(other))
    other.load_state_dict(made.state_dict())
    assert torch.equal(predicted(made), predicted(other))


def test_training_starts_from_other_bases_each_time():
    made = head()
    assert not torch.equal(made(levels()), made(levels()))


def test_from_the_same_bases_it_is_what_mmseg_computes(monkeypatch):
    made, theirs = head(), head(LightHamHead).eval()
    own = made.state_dict()
    bases = own.pop('hamburger.ham.bases')
    theirs.load_state_dict(own)
    monkeypatch.setattr(
        theirs.hamburger.ham, '_build_bases', lambda n, *_, **__: bases.repeat(n, 1, 1)
    )
    with torch.no_grad():
        assert torch.equal(predicted(made), theirs(levels()))


def test_mmseg_draws_in_prediction_too_which_is_why_this_head_exists():
    theirs = head(LightHamHead)
    if torch.equal(predicted(theirs), predicted(theirs)):
        pytest.fail('mmseg predicts steadily now: use its LightHamHead')
