"""Stages one after the other are the encoder, and operators between them keep the law."""

import pytest
import torch
from mmseg.models.backbones import MixVisionTransformer
from torch import nn

from fusionls.errors import InputError, NoModalityError
from fusionls.models.encoders import MultiBranchEncoder, PatchPyramid
from fusionls.models.encoders.staged import stages_of
from fusionls.models.fusion import InterleavedFusion
from fusionls.registry import MODELS
from fusionls.testing import registered_fusions

RESNET = dict(type='TimmEncoder', name='resnet10t', channels=(8, 8, 12, 12))
MIT = dict(
    type=MixVisionTransformer,
    embed_dims=8,
    num_layers=[1, 2, 1, 1],
    num_heads=[1, 2, 1, 1],
    drop_path_rate=0.0,
)
CHAINS = {
    'mit': MIT,
    'mit, two levels': dict(MIT, out_indices=(1, 3)),
    'resnet': RESNET,
    'resnet, coarse': dict(RESNET, levels=[2, 4]),
    'efficientnet': dict(type='TimmEncoder', name='tf_efficientnet_lite0'),
    'pyramid': dict(type='PatchPyramid', widths=[4, 6, 8]),
}
INTERLEAVED = {n: f for n, f in registered_fusions().items() if issubclass(f, InterleavedFusion)}
every_interleaved = pytest.mark.parametrize('fusion', INTERLEAVED, ids=list(INTERLEAVED))


@pytest.mark.parametrize('config', CHAINS.values(), ids=list(CHAINS))
def test_stages_one_after_the_other_are_the_encoder(config):
    torch.manual_seed(0)
    encoder = MODELS.build(dict(config))
    encoder.train(False)
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        expected = encoder(x)
        stages = stages_of(encoder)
        assert len(stages) == len(expected)
        for stage, level in zip(stages, expected, strict=True):
            x = stage(x)
            assert torch.equal(x, level)


def test_an_encoder_that_is_no_chain_is_refused_by_name():
    with pytest.raises(InputError, match='Conv2d cannot be run stage by stage'):
        stages_of(nn.Conv2d(3, 8, 1))


def backbone(fusion, staged=True, **options):
    branches = {
        'optical': dict(encoder=RESNET, channels=3),
        'terrain': dict(encoder=RESNET, channels=2),
        # at factor 4 its first two levels are those of stride 8 and 16
        'insar': dict(
            encoder=dict(type='PatchPyramid', widths=[8, 12], stride=2), channels=1, factor=4
        ),
    }
    torch.manual_seed(0)
    built = MultiBranchEncoder(
        branches=branches, fusion=dict(type=fusion), staged=staged, **options
    )
    built.train(False)
    return built


def batch(seed=0, side=64):
    generator = torch.Generator().manual_seed(seed)
    out = {}
    for modality, (channels, factor) in {
        'optical': (3, 1),
        'terrain': (2, 1),
        'insar': (1, 4),
    }.items():
        shape = (2, channels, side // factor, side // factor)
        valid = torch.rand(2, 1, *shape[2:], generator=generator) > 0.3
        valid[:, :, : shape[2] // 3] = False  # no valid pixel under some features of any level
        out[modality] = (torch.randn(shape, generator=generator), valid)
    return out


@every_interleaved
def test_the_law_holds_when_branches_speak_between_their_stages(fusion):
    check_law(backbone(fusion))


@pytest.mark.parametrize('fusion', registered_fusions())
def test_the_law_holds_at_the_outputs_of_encoders(fusion):
    check_law(backbone(fusion, staged=False))


def check_law(model):
    inputs = batch()
    with torch.no_grad():
        expected = model(inputs)
        assert [f.shape[1] for f in expected] == [v.channels for v in model.levels]
        noisy = {m: (v.masked_fill(~ok, torch.nan), ok) for m, (v, ok) in inputs.items()}
        turned = dict(reversed(noisy.items()))
        assert all(torch.equal(a, b) for a, b in zip(expected, model(turned), strict=True))
        for gone in inputs:
            absent = {m: given for m, given in inputs.items() if m != gone}
            dark = {**inputs, gone: (inputs[gone][0], torch.zeros_like(inputs[gone][1]))}
            pairs = zip(model(absent), model(dark), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs), gone


@every_interleaved
def test_one_sample_without_a_modality_leaves_the_other_alone(fusion):
    model, inputs = backbone(fusion), batch()
    values, valid = inputs['terrain']
    lacking = {**inputs, 'terrain': (values, valid & torch.tensor([True, False]).view(2, 1, 1, 1))}
    with torch.no_grad():
        both, one = model(inputs), model(lacking)
    for a, b in zip(both, one, strict=True):
        torch.testing.assert_close(a[0], b[0], rtol=1e-4, atol=1e-5)
    assert any(not torch.allclose(a[1], b[1]) for a, b in zip(both, one, strict=True))


@every_interleaved
def test_what_the_others_say_flows_on_into_the_next_stage(fusion):
    """Staged or not, the first level is the same; the second one is not."""
    inputs = batch()
    with torch.no_grad():
        staged, plain = backbone(fusion)(inputs), backbone(fusion, staged=False)(inputs)
    assert torch.equal(staged[0], plain[0])
    assert not torch.allclose(staged[1], plain[1])


@every_interleaved
def test_gradients_reach_present_branches_between_stages_and_no_absent_one(fusion):
    model, inputs = backbone(fusion), batch()
    del inputs['terrain']
    sum(level.square().sum() for level in model(inputs)).backward()
    for modality, branch in model.branches.items():
        gradients = [p.grad for p in branch.parameters() if p.grad is not None]
        assert bool(gradients) == (modality in inputs), modality
        assert all(bool(g.isfinite().all()) for g in gradients), modality


def test_nothing_valid_is_refused_between_stages_too():
    with pytest.raises(NoModalityError):
        backbone('CmxFusion')({})


def test_branches_that_cannot_be_staged_are_refused_all_at_once():
    branches = {
        'optical': dict(encoder=RESNET, channels=3),
        'terrain': dict(encoder=dict(RESNET, channels=(8, 8, 16, 12)), channels=2),
        'insar': dict(encoder=dict(type='mmseg.ResNet', depth=18, base_channels=8), channels=1),
    }
    with pytest.raises(InputError) as caught:
        MultiBranchEncoder(branches=branches, fusion=dict(type='SumFusion'), staged=True)
    text = str(caught.value)
    assert 'SumFusion does not act between stages' in text
    assert "stride 16: expected 12 channels, got {'terrain': 16" in text
    assert 'insar: ResNet cannot be run stage by stage' in text


def test_operators_may_differ_by_level():
    names = ['SumFusion', 'ConcatFusion', 'GatedFusion', 'CmxFusion', 'HubFusion']
    model = MultiBranchEncoder(
        branches={'optical': dict(encoder=RESNET, channels=3)},
        fusion=[dict(type=name) for name in names],
    )
    assert [type(built).__name__ for built in model.fusions] == names
    with pytest.raises(InputError, match='2 fusion operators for 5 levels'):
        MultiBranchEncoder(
            branches={'optical': dict(encoder=RESNET, channels=3)},
            fusion=[dict(type='SumFusion')] * 2,
        )


def test_a_pyramid_yields_the_strides_it_promises():
    levels = PatchPyramid(widths=[4, 6, 8], stride=2)(torch.zeros(1, 3, 64, 32))
    assert [tuple(f.shape[1:]) for f in levels] == [(4, 32, 16), (6, 16, 8), (8, 8, 4)]
