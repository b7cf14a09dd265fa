"""Both operators keep the contract, and the contract check finds those that do not."""

import pytest
import torch
from torch import nn

from fusionls.models.fusion import BaseFusion, ConcatFusion, GatedFusion
from fusionls.testing import FusionContractError, check_fusion

OPERATORS = [ConcatFusion, GatedFusion]


@pytest.mark.parametrize('operator', OPERATORS)
@pytest.mark.parametrize('seed', range(3))
def test_operator_keeps_the_contract(operator, seed):
    check_fusion(operator, seed=seed)


@pytest.mark.parametrize('operator', OPERATORS)
def test_a_built_operator_is_checked_and_left_as_it_was(operator):
    built = operator(branches={'thermal': 2, 'lidar': 3}, channels=4)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    check_fusion(built)
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
        (Narrow, r'gives \(2, 5, 6, 7\), expected \(2, 6, 6, 7\)'),
    ],
)
def test_a_broken_operator_is_caught_and_the_breach_named(operator, words):
    with pytest.raises(FusionContractError, match=words):
        check_fusion(operator)
