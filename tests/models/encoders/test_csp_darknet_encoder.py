import torch
from mmdet.models.backbones import CSPDarknet

from fusionls.models.encoders import CspDarknetEncoder

TINY = dict(widen_factor=0.125, deepen_factor=0.33)


def as_one_kernel(focus):
    """(O, 3, 6, 6) of the 3 x 3 kernel (O, 12, 3, 3) that Focus applies to 2 x 2 pixels at once."""
    kernel = torch.zeros(len(focus), 3, 6, 6)
    corners = [(0, 0), (1, 0), (0, 1), (1, 1)]  # row and column, in the order Focus stacks them
    for i, (row, col) in enumerate(corners):
        kernel[:, :, row::2, col::2] = focus[:, 3 * i : 3 * i + 3]
    return kernel


def test_features_are_those_of_mmdet_whose_focus_is_one_convolution():
    torch.manual_seed(0)
    theirs, ours = CSPDarknet(**TINY), CspDarknetEncoder(**TINY)
    theirs.eval()  # returns None
    ours.eval()
    weights = theirs.state_dict()
    weights['stem.conv.weight'] = as_one_kernel(weights.pop('stem.conv.conv.weight'))
    renamed = {name.replace('stem.conv.bn.', 'stem.bn.'): w for name, w in weights.items()}
    ours.load_state_dict(renamed)
    x = torch.randn(2, 3, 64, 96)
    for expected, found in zip(theirs(x), ours(x), strict=True):
        torch.testing.assert_close(found, expected)


def test_squeeze_scales_whole_channels():
    torch.manual_seed(0)
    plain, squeezed = CspDarknetEncoder(**TINY), CspDarknetEncoder(**TINY, squeeze=True)
    plain.eval()  # returns None
    squeezed.eval()
    missing = squeezed.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert len(missing) == 3 * 4  # two kernels with biases per level
    x = torch.randn(1, 3, 64, 64)
    before, after = plain(x)[0], squeezed(x)[0]  # the later levels read the first one
    scale = (after / before).flatten(2)  # (1, C, h w)
    torch.testing.assert_close(scale, scale[..., :1].expand_as(scale))
    assert ((scale > 0) & (scale < 1)).all()
