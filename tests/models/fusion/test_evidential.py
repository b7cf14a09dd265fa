"""Beliefs combine as Dempster's rule says, and reliabilities are learned."""

import pytest
import torch
from torch import nn

from fusionls.models.fusion import EvidentialFusion
from fusionls.models.fusion.evidential import dempster


def belief(*masses):
    """Masses of single hypotheses; the rest is unknown."""
    b = torch.tensor(masses, dtype=torch.float64).reshape(1, -1, 1, 1)
    return b, 1 - b.sum(1, keepdim=True)


def random_belief(seed, hypotheses=4):
    masses = torch.rand(hypotheses + 1, generator=torch.Generator().manual_seed(seed))
    return belief(*(masses / masses.sum()).tolist()[:-1])


def by_subsets(one, other):
    """Dempster's rule by its definition, over focal sets: {k} for each k, and the whole frame."""
    (b, u), (c, v) = ([*m.flatten().tolist()] for m in one), (m.flatten().tolist() for m in other)
    count = len(b)
    frame = frozenset(range(count))
    first = {frozenset([k]): b[k] for k in range(count)} | {frame: u[0]}
    second = {frozenset([k]): c[k] for k in range(count)} | {frame: v[0]}
    joint: dict[frozenset, float] = {}
    for x, p in first.items():
        for y, q in second.items():
            joint[x & y] = joint.get(x & y, 0.0) + p * q
    agreed = 1 - joint.get(frozenset(), 0.0)
    return [joint[frozenset([k])] / agreed for k in range(count)], joint[frame] / agreed


@pytest.mark.parametrize('seed', range(5))
def test_the_rule_is_what_its_definition_over_sets_says(seed):
    one, other = random_belief(seed), random_belief(seed + 100)
    b, u = dempster(one, other)
    masses, unknown = by_subsets(one, other)
    assert b.flatten().tolist() == pytest.approx(masses)
    assert float(u) == pytest.approx(unknown)


def test_zadehs_example():
    """Two sure of different things and both a little of a third: all belief goes there."""
    b, _ = dempster(belief(0.99, 0.01, 0.0), belief(0.0, 0.01, 0.99))
    assert b.flatten().tolist() == pytest.approx([0.0, 1.0, 0.0])


def test_the_rule_commutes_associates_and_ignores_who_knows_nothing():
    one, two, three = random_belief(1), random_belief(2), random_belief(3)
    for left, right in (
        (dempster(one, two), dempster(two, one)),
        (dempster(dempster(one, two), three), dempster(one, dempster(two, three))),
    ):
        for a, b in zip(left, right, strict=True):
            torch.testing.assert_close(a, b)
    vacuous = (torch.zeros_like(one[0]), torch.ones_like(one[1]))
    assert all(torch.equal(a, b) for a, b in zip(dempster(one, vacuous), one, strict=True))


def trained(corrupted, steps=150):
    """Reliabilities after training on two modalities that both tell the class, though noisily."""
    torch.manual_seed(0)
    fusion = EvidentialFusion(branches={'optical': 4, 'insar': 4}, channels=8)
    classify = nn.Conv2d(8, 2, 1)
    optimiser = torch.optim.Adam([*fusion.parameters(), *classify.parameters()], lr=0.02)
    shares = {m: torch.ones(4, 1, 8, 8) for m in fusion.names}
    for _ in range(steps):
        labels = torch.randint(0, 2, (4, 8, 8))
        seen = (labels[:, None] * 2.0 - 1).expand(-1, 4, -1, -1)
        features = {m: seen + 2.0 * torch.randn(4, 4, 8, 8) for m in fusion.names}
        if corrupted is not None:
            features[corrupted] = 2 * torch.randn(4, 4, 8, 8)
        loss = nn.functional.cross_entropy(classify(fusion(features, shares)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return fusion.reliability()


@pytest.mark.parametrize('corrupted', ['optical', 'insar'])
def test_training_on_a_corrupted_modality_lowers_its_reliability(corrupted):
    first = EvidentialFusion(branches={'optical': 4, 'insar': 4}, channels=8).reliability()
    clean, dirty = trained(None), trained(corrupted)
    (sound,) = set(dirty) - {corrupted}
    assert dirty[corrupted] < first[corrupted] - 0.04
    assert dirty[corrupted] < clean[corrupted] - 0.04
    assert dirty[corrupted] < dirty[sound] - 0.08


def test_reliabilities_get_a_gradient_of_their_own_per_hypothesis():
    torch.manual_seed(0)
    fusion = EvidentialFusion(branches={'optical': 4, 'insar': 3}, channels=6, hypotheses=5)
    features = {'optical': torch.randn(1, 4, 6, 6), 'insar': torch.randn(1, 3, 6, 6)}
    shares = {m: torch.ones(1, 1, 6, 6) for m in features}
    fusion(features, shares).square().sum().backward()
    for trust in fusion.trust.values():
        assert trust.grad.flatten().unique().numel() == 5
