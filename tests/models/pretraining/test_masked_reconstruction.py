"""What is hidden stays hidden, only hidden pixels count, and one sensor is learned from another."""

import pytest
import torch

from fusionls.errors import InputError
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, TimmEncoder
from fusionls.models.fusion import CompensatingFusion
from fusionls.models.pretraining import MaskedReconstruction

ENCODER = dict(type=TimmEncoder, name='resnet10t', channels=(8, 8, 12, 12))
LAYERS = dict(optical=['optical_red', 'optical_nir'], insar=['insar_velocity_los'])


def made(**options):
    torch.manual_seed(0)
    model = MaskedReconstruction(
        backbone=dict(
            type=MultiBranchEncoder,
            branches=dict(
                optical=dict(encoder=dict(ENCODER, levels=[0, 1]), channels=2),
                insar=dict(encoder=dict(ENCODER, levels=[0]), channels=1, factor=2),
            ),
            fusion=dict(type=CompensatingFusion),
        ),
        data_preprocessor=dict(type=FusionDataPreprocessor, layers=LAYERS, factors=dict(insar=2)),
        width=8,
        **options,
    )
    return model


def batch(count=4, side=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 1, side // 8, side // 8, generator=generator)
    insar = torch.nn.functional.interpolate(coarse, size=side // 2, mode='bilinear')
    optical = torch.nn.functional.interpolate(coarse, size=side, mode='bilinear')
    optical = torch.cat([optical, -2 * optical], 1)
    valid = {
        m: torch.rand(count, 1, s, s, generator=generator) > 0.1
        for m, s in (('optical', side), ('insar', side // 2))
    }
    return {'optical': (optical, valid['optical']), 'insar': (insar, valid['insar'])}


def test_hidden_pixels_were_valid_and_are_shown_no_more():
    inputs = batch(16)
    shown, hidden = made(hidden_share=0.5, whole=0.4).hide(inputs)
    for name, (values, valid) in inputs.items():
        assert shown[name][0] is values
        assert torch.equal(shown[name][1] | hidden[name], valid)
        assert not (shown[name][1] & hidden[name]).any()
    some = torch.stack([shown[m][1].flatten(1).any(1) for m in shown]).any(0)
    assert some.all()  # no sample is left with nothing
    whole = {m: (~shown[m][1].flatten(1).any(1)).float().mean() for m in shown}
    assert 0 < sum(whole.values()) < 2


def test_a_sample_with_one_modality_keeps_some_of_it():
    inputs = batch(8)
    nothing = torch.zeros_like(inputs['insar'][1])
    inputs['insar'] = (inputs['insar'][0], nothing)
    for _ in range(5):
        shown, _ = made(hidden_share=0.9, whole=0.9).hide(inputs)
        assert shown['optical'][1].flatten(1).any(1).all()


def test_only_hidden_pixels_count():
    model, inputs = made(), batch()
    _, hidden = model.hide(inputs)
    exact = {m: v.clone() for m, (v, _) in inputs.items()}
    assert all(float(v) == 0 for v in model.losses(inputs, exact, hidden).values())
    wrong = {m: torch.where(hidden[m], v, v + 9) for m, v in exact.items()}
    assert all(float(v) == 0 for v in model.losses(inputs, wrong, hidden).values())
    off = {m: v + 2 * hidden[m] for m, v in exact.items()}
    for loss in model.losses(inputs, off, hidden).values():
        assert float(loss) == pytest.approx(2)


def test_what_stands_under_hidden_pixels_moves_no_prediction():
    model, inputs = made().eval(), batch()
    shown, hidden = model.hide(inputs)
    noisy = {
        m: (v.masked_fill(hidden[m], float('nan')), shown[m][1]) for m, (v, _) in inputs.items()
    }
    with torch.no_grad():
        one, two = (model.reconstructed(given, inputs) for given in (shown, noisy))
    assert all(torch.equal(one[m], two[m]) for m in inputs)


def test_a_hidden_sensor_is_learned_from_the_other():
    model = made(hidden_share=0.3, whole=0.5).train()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(60):
        optimiser.zero_grad()
        sum(model(batch(seed=step), mode='loss').values()).backward()
        optimiser.step()
    model.eval()
    inputs = batch(seed=99)
    with torch.no_grad():
        predicted = model.reconstructed({'optical': inputs['optical']}, inputs)['insar']
    error = (predicted - inputs['insar'][0]).abs().mean()
    assert error < 0.5 * inputs['insar'][0].abs().mean()


@pytest.mark.parametrize('options', [{'hidden_share': 0.0}, {'hidden_share': 1.0}, {'whole': 1.0}])
def test_shares_that_hide_nothing_or_everything_are_refused(options):
    with pytest.raises(InputError, match='shares within 0'):
        made(**options)


def test_layers_of_classes_are_predicted_as_the_maps_that_are_read():
    model = MaskedReconstruction(
        backbone=dict(
            type=MultiBranchEncoder,
            branches=dict(
                optical=dict(encoder=dict(ENCODER, levels=[0, 1]), channels=1),
                geology=dict(encoder=dict(ENCODER, levels=[0]), channels=4),
            ),
            fusion=dict(type=CompensatingFusion),
        ),
        data_preprocessor=dict(
            type=FusionDataPreprocessor,
            layers=dict(optical=['optical_red'], geology=['geology_unit', 'geology_fault']),
            categories=dict(geology_unit=[1, 2, 3]),
        ),
        width=8,
    )
    values = torch.randn(2, 4, 32, 32)
    valid = torch.ones(2, 1, 32, 32, dtype=torch.bool)
    inputs = {'optical': (values[:, :1], valid), 'geology': (values, valid)}
    assert model(inputs)['geology'].shape == values.shape
    predicted = {'geology': torch.full_like(values, 0.25)}
    hidden = {'geology': torch.ones_like(valid)}
    found = model.losses(inputs, predicted, hidden)['loss_geology']
    torch.testing.assert_close(found, (values - 0.25).abs().mean())
    assert set(model(inputs, mode='loss')) == {'loss_optical', 'loss_geology'}
