"""Late fusion is the weighted mean of what each modality's decoder says by itself."""

import pytest
import torch

from fusionls.errors import InputError
from fusionls.models.fusion import SideBySideFusion
from fusionls.models.heads import LateFusionHead

FINE, COARSE = {'optical': 4, 'terrain': 3}, {'optical': 6, 'terrain': 5, 'insar': 2}


def built():
    torch.manual_seed(0)
    head = LateFusionHead(
        branches={'optical': [4, 6], 'terrain': [3, 5], 'insar': [0, 2]},
        decoders={
            'optical': dict(type='UNetHead', widths=[4], dropout_ratio=0.0),
            'terrain': dict(type='UNetHead', widths=[5], dropout_ratio=0.0),
            'insar': dict(type='UNetHead', widths=[], dropout_ratio=0.0),
        },
        num_classes=3,
    )
    return head.train(False)


def side_by_side(absent=(), samples=2):
    """Levels as a backbone yields them, and the features they are made of."""
    generator = torch.Generator().manual_seed(0)
    levels, made = [], {}
    for widths, side in ((FINE, 8), (COARSE, 4)):
        features = {
            m: torch.randn(samples, width, side, side, generator=generator)
            for m, width in widths.items()
        }
        shares = {
            m: torch.zeros(samples, 1, side, side)
            if m in absent
            else torch.ones(samples, 1, side, side)
            for m in widths
        }
        levels.append(SideBySideFusion(branches=widths, channels=1)(features, shares))
        for m, feature in features.items():
            made.setdefault(m, []).append(feature)
    return levels, made


def test_one_modality_alone_gives_the_logits_of_its_own_decoder():
    head = built()
    levels, made = side_by_side(absent=('terrain', 'insar'))
    torch.testing.assert_close(head(levels), head.decoders['optical'](made['optical']))


def test_two_modalities_give_the_mean_by_their_weights():
    head = built()
    levels, made = side_by_side(absent=('insar',))
    with torch.no_grad():
        head.weight['optical'].fill_(torch.log(torch.tensor(3.0)))
    one, two = (head.decoders[m](made[m]) for m in ('optical', 'terrain'))
    torch.testing.assert_close(head(levels), (3 * one + two) / 4)


def test_in_a_hole_the_other_modality_decides():
    head = built()
    levels, made = side_by_side(absent=('insar',))
    with torch.no_grad():
        expected = head.decoders['optical'](made['optical'])
    share_of_terrain = levels[0][:, -1]
    share_of_terrain[:, :4] = 0.0
    found = head(levels)
    torch.testing.assert_close(found[:, :, :4], expected[:, :, :4], rtol=0.02, atol=0.02)
    assert not torch.allclose(found[:, :, 4:], expected[:, :, 4:], rtol=0.1, atol=0.1)


def test_a_coarse_modality_is_decoded_at_its_own_levels_and_enlarged():
    head = built()
    levels, made = side_by_side(absent=('optical', 'terrain'))
    found = head(levels)
    torch.testing.assert_close(found, head.decoders['insar'](made['insar']))
    levels, _ = side_by_side()
    assert head(levels).shape == (2, 3, 8, 8)


def test_a_sample_without_a_modality_moves_no_statistic_of_its_decoder():
    head = built().train()
    levels, _ = side_by_side(absent=('terrain',))
    before = {k: v.clone() for k, v in head.decoders['terrain'].state_dict().items()}
    head(levels)
    after = head.decoders['terrain'].state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_gradients_reach_the_weights_of_modalities():
    head = built()
    head(side_by_side()[0]).square().sum().backward()
    assert all(float(weight.grad.abs()) > 0 for weight in head.weight.values())


def test_nothing_valid_makes_every_class_as_likely():
    levels, _ = side_by_side(absent=('optical', 'terrain', 'insar'))
    found = built()(levels)
    assert found.shape == (2, 3, 8, 8)
    assert not found.any()


def test_levels_of_other_widths_are_refused():
    with pytest.raises(InputError, match=r'reads levels of \[9, 16\] channels, got \[8, 16\]'):
        built()([torch.zeros(1, 8, 8, 8), torch.zeros(1, 16, 4, 4)])


def test_a_modality_without_a_decoder_is_refused():
    with pytest.raises(InputError, match='needs a decoder and one number of levels'):
        LateFusionHead(branches={'optical': [4]}, decoders={}, num_classes=2)
