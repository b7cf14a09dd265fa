"""The hybrid is timm's model, of which more levels are seen; a top is put on the coarsest."""

import pytest
import timm
import torch

from fusionls.models.encoders import HybridVitEncoder, ToppedEncoder, UNetEncoder

SMALL = dict(depth=1, embed_dim=48, num_heads=2)


@pytest.mark.parametrize('class_token', [False, True])
def test_tokens_are_those_of_timm(class_token):
    torch.manual_seed(0)
    encoder = HybridVitEncoder(class_token=class_token, img_size=64, **SMALL).eval()
    reference = timm.create_model(
        'vit_base_r50_s16_224', img_size=64, num_classes=0, class_token=class_token,
        global_pool='', **SMALL,
    ).eval()  # fmt: skip
    reference.load_state_dict(encoder.model.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = reference(x)[:, int(class_token) :].transpose(1, 2).unflatten(2, (4, 4))
        torch.testing.assert_close(encoder(x)[-1], expected)
        maps = reference.patch_embed.backbone.forward_intermediates(x, intermediates_only=True)
        for level, own in zip(encoder(x)[1:-1], maps[-3:-1], strict=True):
            torch.testing.assert_close(level, own)


@pytest.mark.parametrize('size', [(63, 51), (32, 96)])
def test_levels_have_the_stated_strides_at_any_size(size):
    encoder = HybridVitEncoder(**SMALL).eval()
    with torch.no_grad():
        levels = encoder(torch.randn(1, 3, *size))
    for level, channels, stride in zip(levels, (64, 256, 512, 48), (2, 4, 8, 16), strict=True):
        assert level.shape == (1, channels, *(-(-side // stride) for side in size))


def test_every_weight_of_the_hybrid_gets_a_gradient():
    torch.manual_seed(0)
    encoder = HybridVitEncoder(**SMALL)
    for weight in encoder.parameters():
        if not bool(weight.any()):  # timm lets residual blocks start as the identity
            torch.nn.init.normal_(weight)
    levels = encoder(torch.randn(1, 3, 64, 64))
    sum((level * torch.randn_like(level)).sum() for level in levels).backward()
    still = [name for name, p in encoder.named_parameters() if not bool((p.grad != 0).any())]
    assert still == []


def test_a_top_changes_the_coarsest_level_only():
    encoder = ToppedEncoder(
        encoder=dict(type=UNetEncoder, widths=[4, 8]),
        top=dict(type='TokenTransformer', in_channels=8, channels=6, depth=1, heads=2),
    ).eval()
    x = torch.randn(1, 3, 17, 16)
    (fine, coarse), (own, topped) = encoder.encoder(x), encoder(x)
    assert torch.equal(own, fine)
    assert torch.equal(topped, encoder.top(coarse))
