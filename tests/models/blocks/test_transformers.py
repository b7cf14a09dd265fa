"""Transformers keep sizes, see far, and are what their formulae and timm's layers say."""

import pytest
import timm
import torch

from fusionls.models.blocks import EfficientTransformer, TokenTransformer
from fusionls.models.blocks.transformers import EfficientAttention

BLOCKS = [
    TokenTransformer(in_channels=8, channels=8, depth=2, heads=2, grid=4),
    EfficientTransformer(channels=8, depth=2, heads=2),
]
every_block = pytest.mark.parametrize('block', BLOCKS, ids=lambda block: type(block).__name__)


@every_block
@pytest.mark.parametrize('size', [(4, 4), (5, 3), (7, 10)])
def test_a_block_keeps_the_size(block, size):
    assert block.eval()(torch.randn(2, 8, *size)).shape == (2, 8, *size)


@every_block
def test_a_block_sees_further_than_its_neighbours(block):
    torch.manual_seed(0)
    block = block.eval()
    x = torch.randn(1, 8, 9, 9)
    changed = x.clone()
    changed[:, 0, 0, 0] += 1  # of one channel: norms over channels take out what is common to all
    with torch.no_grad():
        moved = (block(changed) - block(x)).abs().sum(1)[0]
    assert moved[4, 4] > 0


@every_block
def test_every_weight_gets_a_gradient(block):
    torch.manual_seed(0)
    block = block.train()
    block.zero_grad()
    (block(torch.randn(2, 8, 6, 6)) * torch.randn(2, 8, 6, 6)).sum().backward()
    assert all(bool((p.grad != 0).any()) for p in block.parameters())


def test_tokens_are_those_of_timms_vision_transformer():
    torch.manual_seed(0)
    reference = timm.create_model(
        'vit_tiny_patch16_224',
        img_size=64,
        depth=2,
        class_token=False,
        global_pool='',
        num_classes=0,
    ).eval()
    block = TokenTransformer(in_channels=3, channels=192, depth=2, heads=3, grid=4).eval()
    # a patch of 16 pixels that is all alike is a pixel of the coarse map
    with torch.no_grad():
        kernel = reference.patch_embed.proj.weight.sum((2, 3), keepdim=True)
        block.embed.weight.copy_(kernel)
        block.embed.bias.copy_(reference.patch_embed.proj.bias)
        block.position.copy_(reference.pos_embed.transpose(1, 2).unflatten(2, (4, 4)))
        for own, theirs in zip(block.blocks[:-1], reference.blocks, strict=True):
            own.load_state_dict(theirs.state_dict())
        block.blocks[-1].load_state_dict(reference.norm.state_dict())
        block.blocks[-1].eps = reference.norm.eps
        x = torch.randn(2, 3, 4, 4)
        picture = x.repeat_interleave(16, 2).repeat_interleave(16, 3)
        expected = reference(picture).transpose(1, 2).unflatten(2, (4, 4))
        torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-4)


def test_efficient_attention_is_its_formula():
    torch.manual_seed(0)
    heads, d = 2, 3
    block = EfficientAttention(heads * d, heads, 2)
    x = torch.randn(1, heads * d, 4, 6)
    tokens = x.flatten(2).transpose(1, 2)
    coarse = block.norm(block.reduce(x).flatten(2).transpose(1, 2))[0]  # (6, C)
    query, (key, value) = block.query(tokens)[0], block.key_value(coarse).split(heads * d, 1)
    own = [slice(h * d, (h + 1) * d) for h in range(heads)]
    scores = [query[:, s] @ key[:, s].T / d**0.5 for s in own]
    mix, bias = block.mix.weight[:, :, 0, 0], block.mix.bias
    parts = []
    for h in range(heads):
        weights = (sum(mix[h, k] * scores[k] for k in range(heads)) + bias[h]).softmax(1)
        weights = (weights - weights.mean()) / (weights.var(unbiased=False) + 1e-5).sqrt()
        parts.append(weights @ value[:, own[h]])
    expected = block.end(torch.cat(parts, 1))
    torch.testing.assert_close(block(tokens, (4, 6))[0], expected, atol=1e-5, rtol=1e-4)


def test_keys_of_efficient_attention_are_a_quarter():
    block = EfficientAttention(8, 2, 2)
    assert block.reduce(torch.zeros(1, 8, 14, 14)).shape[2:] == (7, 7)
