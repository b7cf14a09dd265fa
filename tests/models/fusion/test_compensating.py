"""The default operator is concatenation at the start, and knows what is missing."""

import pytest
import torch

from fusionls.models.fusion import CompensatingFusion

WIDTHS = {'optical': 7, 'terrain': 5, 'insar': 3}


@pytest.fixture
def fusion():
    torch.manual_seed(0)
    return CompensatingFusion(branches=WIDTHS, channels=12)


def given(share=None):
    torch.manual_seed(1)
    features = {name: torch.randn(2, width, 5, 6) for name, width in WIDTHS.items()}
    shares = {name: torch.ones(2, 1, 5, 6) for name in WIDTHS}
    if share is not None:
        shares['insar'] = torch.full((2, 1, 5, 6), share)
    return features, shares


def test_at_the_start_it_is_concatenation_and_one_convolution(fusion):
    features, shares = given()
    weight = torch.cat([fusion.project[name].weight for name in WIDTHS], 1)
    stacked = torch.cat([features[name] for name in WIDTHS], 1)
    mixed = torch.nn.functional.conv2d(stacked, weight)
    z = torch.nn.functional.gelu(fusion.norm(mixed))
    torch.testing.assert_close(fusion(features, shares), z + fusion.neighbours(z))


def test_the_worth_of_a_pixel_rises_with_what_is_valid_of_it(fusion):
    shares = torch.linspace(0, 1, 11).reshape(1, 1, 1, 11)
    worth = fusion._worth('insar', shares).flatten().detach()
    assert worth[0] == 0
    assert worth[-1] == 1
    assert (worth.diff() > 0).all()
    assert worth[5] == pytest.approx(0.5 / 0.55, abs=1e-3)  # e starts at 0.1


def test_a_stand_in_counts_only_where_something_is_missing(fusion):
    features, shares = given()
    before = fusion(features, shares)
    torch.nn.init.normal_(fusion.stand_in['insar'].bias)
    torch.testing.assert_close(fusion(features, shares), before)
    few = {name: features[name] for name in ('optical', 'terrain')}
    alone = fusion(few, {name: shares[name] for name in few})
    torch.nn.init.zeros_(fusion.stand_in['insar'].bias)
    assert not torch.allclose(fusion(few, {name: shares[name] for name in few}), alone)


def test_what_is_missing_in_part_stands_in_in_part(fusion):
    torch.nn.init.normal_(fusion.stand_in['insar'].bias)
    none, half, whole = (fusion(*given(share)) for share in (1e-4, 0.05, 1.0))
    assert (half - whole).norm() < (none - whole).norm()


def test_it_learns_to_predict_a_modality_from_the_others():
    """A feature that optical and InSAR share is recovered where InSAR is missing."""
    torch.manual_seed(0)
    fusion = CompensatingFusion(branches={'optical': 4, 'insar': 4}, channels=8)
    read = torch.nn.Conv2d(8, 1, 1)
    optimiser = torch.optim.Adam([*fusion.parameters(), *read.parameters()], 1e-2)

    def loss(show_insar):
        optical = torch.randn(8, 4, 6, 6)
        insar = optical.flip(1) + 0.1 * torch.randn_like(optical)
        ones = torch.ones(8, 1, 6, 6)
        features, shares = {'optical': optical}, {'optical': ones}
        if show_insar:
            features['insar'], shares['insar'] = insar, ones
        return (read(fusion(features, shares)) - insar[:, :1]).square().mean()

    for step in range(150):
        optimiser.zero_grad()
        loss(step % 2 == 0).backward()
        optimiser.step()
    with torch.no_grad():
        assert loss(False) < 0.15  # of a variance of 1.01
