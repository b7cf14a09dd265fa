"""The law of validity, from samples to logits: what is invalid changes no bit of the result."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.structures import PixelData
from mmseg.models import EncoderDecoder, FPNHead, SegformerHead
from mmseg.structures import SegDataSample

from fusionls.errors import LayerMissingError, NoModalityError
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, StackedEncoder, TimmEncoder
from fusionls.models.fusion import ConcatFusion, GatedFusion
from fusionls.models.heads import UNetHead
from fusionls.registry import MODELS

LAYERS = {
    'optical': ['optical_red', 'optical_green', 'optical_blue'],
    'terrain': ['terrain_elevation', 'terrain_slope'],
    'insar': ['insar_velocity_los'],
}
FACTORS = {'optical': 1, 'terrain': 1, 'insar': 4}
SIDE = 64  # 2 x 2 at the coarsest level: a norm in training needs more than one value
NOISE = [float('nan'), float('inf'), float('-inf'), 3e38, -1e9, 0.5]
HEADS = ('unet', 'fpn', 'segformer')
FUSIONS = (ConcatFusion, GatedFusion)
WIDTHS = [64, 8, 8, 12, 12]  # of the narrow ResNet-10 below

quick = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def encoder(**options):
    return dict(type=TimmEncoder, name='resnet10t', channels=tuple(WIDTHS[1:]), **options)


def head(kind):
    common = dict(num_classes=2, dropout_ratio=0.0)
    if kind == 'unet':
        return dict(type=UNetHead, in_channels=WIDTHS, widths=[12, 8, 8, 8], **common)
    if kind == 'fpn':
        return dict(
            type=FPNHead,
            in_channels=[64, 8, 8, 12],
            in_index=[0, 1, 2, 3],
            feature_strides=[2, 4, 8, 16],
            channels=8,
            norm_cfg=dict(type='BN'),
            **common,
        )
    return dict(
        type=SegformerHead,
        in_channels=[8, 8, 12, 12],
        in_index=[1, 2, 3, 4],
        channels=8,
        norm_cfg=dict(type='BN'),
        **common,
    )


@functools.cache
def fused_model(fusion, kind):
    torch.manual_seed(0)
    config = dict(
        type=EncoderDecoder,
        data_preprocessor=dict(type=FusionDataPreprocessor, layers=LAYERS, factors=FACTORS),
        backbone=dict(
            type=MultiBranchEncoder,
            branches=dict(
                optical=dict(encoder=encoder(), channels=3),
                terrain=dict(encoder=encoder(), channels=2),
                insar=dict(encoder=encoder(levels=[0, 1, 2]), channels=1, factor=4),
            ),
            fusion=dict(type=fusion),
        ),
        decode_head=head(kind),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )
    return ready(config)


@functools.cache
def stacked_model():
    torch.manual_seed(0)
    return ready(
        dict(
            type=EncoderDecoder,
            data_preprocessor=dict(type=FusionDataPreprocessor, layers=LAYERS, factors=FACTORS),
            backbone=dict(
                type=StackedEncoder,
                channels={m: len(names) for m, names in LAYERS.items()},
                factors=FACTORS,
                encoder=encoder(),
            ),
            decode_head=head('unet'),
            train_cfg=dict(),
            test_cfg=dict(mode='whole'),
        )
    )


def ready(config):
    model = MODELS.build(config)
    model.init_weights()
    statistics = {n: (5.0, 2.0) for names in LAYERS.values() for n in names}
    model.data_preprocessor.set_statistics(statistics)
    return model


MODELS_BY_NAME = {
    f'{fusion.__name__}-{kind}': functools.partial(fused_model, fusion, kind)
    for fusion in FUSIONS
    for kind in HEADS
}
ALL_MODELS = {**MODELS_BY_NAME, 'stacked': stacked_model}
every_model = pytest.mark.parametrize('build', ALL_MODELS.values(), ids=list(ALL_MODELS))
every_fusion = pytest.mark.parametrize('build', MODELS_BY_NAME.values(), ids=list(MODELS_BY_NAME))


def samples(rng, count=2):
    """Samples of random values and masks; every modality is valid somewhere."""
    out = []
    for _ in range(count):
        sample = {}
        for modality, names in LAYERS.items():
            side = SIDE // FACTORS[modality]
            values = rng.normal(5, 2, (len(names), side, side)).astype(np.float32)
            valid = rng.random((1, side, side)) < rng.choice([0.1, 0.5, 0.95])
            valid[0, 0, 0] = True
            sample[modality] = (torch.from_numpy(values), torch.from_numpy(valid))
        out.append(sample)
    return out


def logits(model, batch, training=False):
    """Logits, with the statistics of the norms put back afterwards."""
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.backbone.train(training)
    model.decode_head.train(training)
    with torch.no_grad():
        inputs = model.data_preprocessor({'inputs': batch})['inputs']
        out = model(inputs, mode='tensor')
    model.load_state_dict(kept)
    return out


def buried(batch, noise):
    """The samples with ``noise`` under their invalid pixels."""
    return [
        {m: (torch.where(valid, values, noise), valid) for m, (values, valid) in sample.items()}
        for sample in batch
    ]


@every_model
@quick
@given(seed=st.integers(0, 2**31), noise=st.sampled_from(NOISE), training=st.booleans())
def test_what_lies_under_invalid_pixels_changes_no_bit(build, seed, noise, training):
    batch = samples(np.random.default_rng(seed))
    model = build()
    expected = logits(model, batch, training)
    assert expected.isfinite().all()
    assert torch.equal(logits(model, buried(batch, noise), training), expected)


@every_model
@quick
@given(
    seed=st.integers(0, 2**31),
    gone=st.lists(st.sets(st.sampled_from(sorted(LAYERS)), max_size=2), min_size=2, max_size=2),
    noise=st.sampled_from(NOISE),
    training=st.booleans(),
)
def test_an_absent_modality_is_an_invalid_one(build, seed, gone, noise, training):
    batch = samples(np.random.default_rng(seed))
    absent = [
        {m: given for m, given in sample.items() if m not in names}
        for sample, names in zip(batch, gone, strict=True)
    ]
    invalid = [
        {
            m: (torch.full_like(v, noise), torch.zeros_like(ok)) if m in names else (v, ok)
            for m, (v, ok) in sample.items()
        }
        for sample, names in zip(batch, gone, strict=True)
    ]
    model = build()
    expected = logits(model, absent, training)
    assert expected.isfinite().all()
    assert torch.equal(logits(model, invalid, training), expected)


@every_model
@quick
@given(seed=st.integers(0, 2**31), order=st.permutations(sorted(LAYERS)))
def test_the_order_of_the_dict_changes_nothing(build, seed, order):
    batch = samples(np.random.default_rng(seed))
    model = build()
    other = [{m: sample[m] for m in order} for sample in batch]
    assert torch.equal(logits(model, other), logits(model, batch))


@every_fusion
def test_the_backbone_alone_ignores_the_order_of_its_dict(build):
    model = build()
    model.train(False)
    inputs = model.data_preprocessor({'inputs': samples(np.random.default_rng(3))})['inputs']
    with torch.no_grad():
        one = model.backbone(inputs)
        other = model.backbone(dict(reversed(inputs.items())))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@every_model
def test_valid_pixels_of_every_modality_change_the_logits(build):
    batch = samples(np.random.default_rng(1))
    model = build()
    expected = logits(model, batch)
    for modality in LAYERS:
        values, valid = batch[0][modality]
        changed = [{**batch[0], modality: (values + 3.0, valid)}, batch[1]]
        assert not torch.equal(logits(model, changed), expected), modality


@every_model
@pytest.mark.parametrize('only', sorted(LAYERS))
def test_one_modality_is_enough_even_a_coarse_one(build, only):
    batch = [{only: sample[only]} for sample in samples(np.random.default_rng(2))]
    model = build()
    out = logits(model, batch)
    assert out.isfinite().all()
    assert out.flatten().std() > 0
    full = logits(model, samples(np.random.default_rng(2)))
    assert out.shape == full.shape  # a coarse modality alone gives the same map size


@every_model
def test_a_sample_without_any_modality_is_refused_by_name(build):
    batch = samples(np.random.default_rng(0))
    with pytest.raises(NoModalityError, match=r'sample 1 has no modality.*optical, terrain, insar'):
        logits(build(), [batch[0], {}])


@every_model
def test_a_sample_that_is_invalid_everywhere_is_refused_by_name(build):
    batch = samples(np.random.default_rng(0))
    dark = {m: (v, torch.zeros_like(ok)) for m, (v, ok) in batch[1].items()}
    with pytest.raises(NoModalityError, match=r'samples \[1\] of the batch have no valid pixel'):
        logits(build(), [batch[0], dark])


@every_model
def test_a_batch_without_any_modality_is_refused_by_name(build):
    with pytest.raises(NoModalityError, match='no modality was given'):
        build().backbone({})


@every_model
def test_a_modality_the_model_does_not_know_is_refused_by_name(build):
    batch = samples(np.random.default_rng(0))
    odd = [{**sample, 'opticle': sample['optical']} for sample in batch]
    with pytest.raises(LayerMissingError, match='no branch for opticle; did you mean optical'):
        logits(build(), odd)
    with pytest.raises(LayerMissingError, match='no branch for opticle'):
        build().backbone({'opticle': (torch.zeros(1, 3, 32, 32), torch.ones(1, 1, 32, 32) > 0)})


def labelled(batch, rng):
    """Data samples with random labels, some of them ignored."""
    out = []
    for _ in batch:
        sample = SegDataSample()
        label = torch.from_numpy(rng.choice([0, 1, 255], (1, SIDE, SIDE)))
        sample.gt_sem_seg = PixelData(data=label)
        out.append(sample)
    return out


@every_fusion
@pytest.mark.parametrize(
    'present',
    [{'optical'}, {'insar'}, {'terrain', 'insar'}, {'optical', 'terrain', 'insar'}],
    ids=lambda names: '+'.join(sorted(names)),
)
def test_gradients_reach_every_present_branch_and_no_absent_one(build, present):
    rng = np.random.default_rng(4)
    batch = [{m: sample[m] for m in present} for sample in samples(rng)]
    model = build()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    model.zero_grad(set_to_none=True)
    data = model.data_preprocessor({'inputs': batch, 'data_samples': labelled(batch, rng)})
    losses = model(**data, mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    for modality, branch in model.backbone.branches.items():
        gradients = [p.grad for p in branch.parameters()]
        if modality not in present:
            assert all(g is None for g in gradients), modality
        else:
            assert any(g is not None and bool((g != 0).any()) for g in gradients), modality
            assert all(g is None or bool(g.isfinite().all()) for g in gradients), modality
    model.zero_grad(set_to_none=True)
    model.load_state_dict(kept)


@every_fusion
def test_an_absent_branch_moves_no_statistic_of_its_norms(build):
    model = build()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    batch = [{'optical': s['optical']} for s in samples(np.random.default_rng(5))]
    with torch.no_grad():
        model(model.data_preprocessor({'inputs': batch})['inputs'], mode='tensor')
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, kept[n])}
    model.load_state_dict(kept)
    assert any(name.startswith('backbone.branches.optical') for name in moved)
    assert not any(
        name.startswith(('backbone.branches.terrain', 'backbone.branches.insar')) for name in moved
    )
