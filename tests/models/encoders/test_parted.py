"""One modality read by several encoders: each sees its own layers, and the law holds."""

import pytest
import torch
from torch import nn

from fusionls.errors import InputError, LayerMissingError
from fusionls.models.encoders import MultiBranchEncoder, PartedEncoder, TimmEncoder
from fusionls.models.fusion import ConcatFusion, SideBySideFusion

ENCODER = dict(type=TimmEncoder, name='resnet10t', channels=(8, 8, 12, 12), levels=[0, 1])


def terrain(**reads):
    reads = reads or dict(dem=[0, 1], hillshade=[2])
    return dict(
        channels=3, parts={n: dict(reads=places, encoder=ENCODER) for n, places in reads.items()}
    )


def backbone(fusion=ConcatFusion, **branches):
    torch.manual_seed(0)
    branches = branches or dict(optical=dict(encoder=ENCODER, channels=2), terrain=terrain())
    return PartedEncoder(branches=branches, fusion=dict(type=fusion)).eval()


def batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (
            torch.randn(2, width, 32, 32, generator=generator),
            torch.rand(2, 1, 32, 32, generator=generator) > 0.3,
        )
        for name, width in (('optical', 2), ('terrain', 3))
    }


def run(model, inputs):
    with torch.no_grad():
        return model(inputs)


def test_it_is_the_multi_branch_encoder_of_the_parts():
    parted = backbone()
    plain = MultiBranchEncoder(
        branches=dict(
            optical=dict(encoder=ENCODER, channels=2),
            terrain_dem=dict(encoder=ENCODER, channels=2),
            terrain_hillshade=dict(encoder=ENCODER, channels=1),
        ),
        fusion=dict(type=ConcatFusion),
    ).eval()
    plain.load_state_dict(parted.state_dict())
    inputs = batch()
    values, valid = inputs['terrain']
    shared_out = {
        'optical': inputs['optical'],
        'terrain_dem': (values[:, :2], valid),
        'terrain_hillshade': (values[:, 2:], valid),
    }
    for ours, theirs in zip(run(parted, inputs), run(plain, shared_out), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize('layer', [0, 1, 2])
def test_a_layer_reaches_the_part_that_reads_it_and_no_other(layer):
    model = backbone(SideBySideFusion, terrain=terrain())
    inputs = {'terrain': batch()['terrain']}
    values, valid = inputs['terrain']
    changed = values.clone()
    changed[:, layer] += 1
    before, after = run(model, inputs)[0], run(model, {'terrain': (changed, valid)})[0]
    width = model.branches['terrain_dem'].levels[0].channels
    dem, hillshade = (slice(0, width), slice(width, 2 * width))
    reads, other = (hillshade, dem) if layer == 2 else (dem, hillshade)
    assert not torch.equal(before[:, reads], after[:, reads])
    assert torch.equal(before[:, other], after[:, other])


def test_what_is_invalid_or_absent_changes_no_bit():
    model, inputs = backbone(), batch()
    expected = run(model, inputs)
    noisy = {m: (v.masked_fill(~ok, torch.nan), ok) for m, (v, ok) in inputs.items()}
    assert all(torch.equal(a, b) for a, b in zip(expected, run(model, noisy), strict=True))
    for gone in inputs:
        values, valid = inputs[gone]
        dark = {**inputs, gone: (values, torch.zeros_like(valid))}
        absent = {m: given for m, given in inputs.items() if m != gone}
        pairs = zip(run(model, absent), run(model, dark), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_layers_that_are_left_over_or_not_there_are_named():
    with pytest.raises(InputError, match=r'terrain: its parts read layers \[0, 2\], expected all'):
        backbone(terrain=terrain(dem=[0], hillshade=[2]))
    with pytest.raises(InputError, match=r'read layers \[0, 1, 2, 3\], expected all of 0 to 2'):
        backbone(terrain=terrain(dem=[0, 1], hillshade=[2, 3]))


def test_an_unknown_modality_is_refused_by_the_names_of_modalities():
    inputs = batch()
    with pytest.raises(LayerMissingError, match='no branch for terain; did you mean terrain'):
        run(backbone(), {'optical': inputs['optical'], 'terain': inputs['terrain']})


def test_parts_learn():
    model = backbone().train()
    sum(level.square().mean() for level in model(batch())).backward()
    for name in ('terrain_dem', 'terrain_hillshade'):
        first = next(m for m in model.branches[name].modules() if isinstance(m, nn.Conv2d))
        assert first.weight.grad.abs().max() > 0
