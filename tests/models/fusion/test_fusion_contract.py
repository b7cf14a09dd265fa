"""Every operator keeps the contract, and the contract check finds those that do not."""

import pytest
import torch
from torch import nn

from fusionls.models import fusion
from fusionls.models.fusion import BaseFusion
from fusionls.testing import FusionContractError, check_fusion, registered_fusions

every_operator = pytest.mark.parametrize(
    'operator', registered_fusions().values(), ids=list(registered_fusions())
)


def test_all_operators_of_the_package_are_found():
    bases = {'BaseFusion', 'InterleavedFusion'}
    named = {name for name in fusion.__all__ if name.endswith('Fusion')} - bases
    assert named == set(registered_fusions())


@every_operator
def test_operator_keeps_the_contract(operator):
    check_fusion(operator)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')
@every_operator
def test_operator_keeps_the_contract_on_cuda(operator):
    check_fusion(operator, half=torch.float16, compiler='inductor', device='cuda')


@every_operator
@pytest.mark.parametrize('branches', [{'insar': 3}, {'insar': 4}], ids=['projected', 'as wide'])
def test_a_single_branch_is_enough(operator, branches):
    """As at the fine levels that coarse modalities do not reach."""
    check_fusion(operator(branches=branches, channels=4), half=None, compiler=None)


@every_operator
def test_a_built_operator_is_checked_and_left_as_it_was(operator):
    built = operator(branches={'thermal': 2, 'lidar': 3}, channels=4)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    check_fusion(built, compiler=None)
    assert built.training
    assert all(torch.equal(value, before[name]) for name, value in built.state_dict().items())
    assert all(parameter.grad is None for parameter in built.parameters())


class Mixing(BaseFusion):
    """Sums 1 x 1 convolutions of features masked by their share: keeps the contract."""

    def __init__(self, *, branches, channels):
        super().__init__(branches=branches, channels=channels)
        self.mix = nn.ModuleDict(
            {name: nn.Conv2d(width, channels, 1, bias=False) for name, width in branches.items()}
        )

    def prepared(self, feature, share):
        return feature.masked_fill(share == 0, 0.0)

    def forward(self, features, shares):
        self.opened(features, shares)  # refuses to fuse nothing
        return sum(
            self.mix[name](self.prepared(features[name], shares[name]))
            for name in self.names
            if name in features
        )


class Leaky(Mixing):
    def prepared(self, feature, share):
        return feature


class TimesZero(Mixing):
    def prepared(self, feature, share):
        return feature * (share > 0)


class MaskedTooLate(Mixing):
    def forward(self, features, shares):
        return sum(
            self.mix[name](features[name]).masked_fill(shares[name] == 0, 0.0)
            for name in self.names
            if name in features
        )


class LeakyInTraining(Mixing):
    def __init__(self, *, branches, channels):
        super().__init__(branches=branches, channels=channels)
        self.norm = nn.ModuleDict({name: nn.BatchNorm2d(width) for name, width in branches.items()})

    def forward(self, features, shares):
        normed = {name: self.norm[name](feature) for name, feature in features.items()}
        return super().forward(normed, shares)


class ByOrder(Mixing):
    def forward(self, features, shares):
        scaled = {name: f * (i + 1) for i, (name, f) in enumerate(features.items())}
        return super().forward(scaled, shares)


class NeedsAll(Mixing):
    def forward(self, features, shares):
        return sum(self.mix[n](self.prepared(features[n], shares[n])) for n in self.names)


class Counting(Mixing):
    """Averages over the modalities in the dict, so that an absent one differs from an invalid."""

    def forward(self, features, shares):
        return super().forward(features, shares) / len(features)


class Deaf(Mixing):
    def forward(self, features, shares):
        heard = {name: f * (name != 'terrain') for name, f in features.items()}
        return super().forward(heard, shares)


class Narrow(Mixing):
    def forward(self, features, shares):
        return super().forward(features, shares)[:, 1:]


class ByNumber(Mixing):
    """Adds up in an order that depends on how many there are, as torch does from five on."""

    def forward(self, features, shares):
        given = [self.mix[n](f) for n, f in self.opened(features, shares).items()]
        half = len(given) // 2 or 1
        return sum(given[:half]) + sum(given[half:])


class FromNothing(Mixing):
    def forward(self, features, shares):
        return super().forward(features, shares) if features else torch.zeros(1)


class OfOneSize(Mixing):
    def __init__(self, *, branches, channels):
        super().__init__(branches=branches, channels=channels)
        self.place = nn.Parameter(torch.randn(channels, 6, 7))

    def forward(self, features, shares):
        return super().forward(features, shares) + self.place


class OfOnePrecision(Mixing):
    """Writes what a convolution yields, half precise in autocast, into a single precise map."""

    def forward(self, features, shares):
        out = super().forward(features, shares)
        everywhere = torch.ones(out.shape, dtype=torch.bool)
        return torch.zeros(out.shape).index_put((everywhere,), out[everywhere])


class AsksTheHost(Mixing):
    def forward(self, features, shares):
        out = super().forward(features, shares)
        return out + 1 if bool((out > 100).any()) else out


class Forgetful(Mixing):
    def __init__(self, *, branches, channels):
        super().__init__(branches=branches, channels=channels)
        self.scale = torch.rand(1)  # no buffer, so in no state dict

    def forward(self, features, shares):
        return super().forward(features, shares) * self.scale


def test_a_sound_operator_of_ones_own_passes():
    check_fusion(Mixing)


@pytest.mark.parametrize(
    ('operator', 'words'),
    [
        (Leaky, 'another number under invalid pixels of insar changes the result'),
        (TimesZero, 'NaN under invalid pixels of optical changes the result'),
        (MaskedTooLate, 'spoils the gradients of mix.optical.weight'),
        (LeakyInTraining, 'in training: a large number under invalid pixels'),
        (ByOrder, 'the order of the dict changes the result'),
        (NeedsAll, 'with optical alone it fails: KeyError'),
        (Counting, 'optical alone differs from optical beside modalities that are invalid'),
        (Deaf, 'valid pixels of terrain get no gradient'),
        (ByNumber, 'alone differs from'),
        (FromNothing, 'without any modality: gives a result, expected a NoModalityError'),
        (OfOneSize, 'at 1 x 5 pixels it fails: RuntimeError'),
        (OfOnePrecision, 'in bfloat16: fails: RuntimeError'),
        (AsksTheHost, 'cannot be compiled as one graph'),
        (Forgetful, 'an operator with the same state dict gives another result'),
        (Narrow, r'gives \(2, 5, 6, 7\), expected \(2, 6, 6, 7\)'),
    ],
)
def test_a_broken_operator_is_caught_and_the_breach_named(operator, words):
    compiler = 'eager' if operator is AsksTheHost else None
    with pytest.raises(FusionContractError, match=words):
        check_fusion(operator, compiler=compiler)
