"""Attention over squeezed lines is the equation of the paper, and treats rows as columns."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from fusionls.models.blocks.axial_attention import (
    PLACES,
    LineAttention,
    LinePosition,
    SqueezeAxialAttention,
    SqueezeAxialBlock,
)
from fusionls.models.encoders.valid_norm import use_valid_norms

SIZE = (2, 8, 5, 7)


def attention():
    torch.manual_seed(0)
    made = SqueezeAxialAttention(8, heads=2, key_channels=3).eval()
    for module in made.modules():  # statistics of a network that was trained
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return made


def test_a_line_attends_as_the_equation_says_one_head_and_one_place_at_a_time():
    torch.manual_seed(0)
    line = LineAttention(heads=2, key_channels=3, value_channels=4).eval()
    q, k, v = torch.randn(1, 6, 5), torch.randn(1, 6, 5), torch.randn(1, 8, 5)
    placed = [x + F.interpolate(p.embedding, 5, mode='linear') for x, p in
              ((q, line.query_position), (k, line.key_position))]  # fmt: skip
    heard = torch.zeros(1, 8, 5)
    for head in range(2):
        own = slice(3 * head, 3 * head + 3)
        for place in range(5):
            weights = torch.stack(
                [placed[0][0, own, place] @ placed[1][0, own, other] for other in range(5)]
            )
            weights = (weights / 3**0.5).softmax(0)
            heard[0, 4 * head : 4 * head + 4, place] = v[0, 4 * head : 4 * head + 4] @ weights
    expected = line.out(heard[..., None])[..., 0]
    torch.testing.assert_close(line(q, k, v), expected)


def test_positions_are_stretched_to_the_length_of_the_line():
    position = LinePosition(3)
    own = position(torch.zeros(2, 3, PLACES))
    torch.testing.assert_close(own, position.embedding.expand(2, -1, -1))
    half = position(torch.zeros(1, 3, PLACES // 2))  # each place the mean of two
    torch.testing.assert_close(half, position.embedding.unflatten(2, (-1, 2)).mean(3))


def test_a_map_on_its_side_gives_the_answer_on_its_side():
    upright = attention()
    lying = copy.deepcopy(upright)
    lying.rows, lying.columns = lying.columns, lying.rows
    kernel = lying.detail[0].conv.weight
    lying.detail[0].conv.weight = nn.Parameter(kernel.transpose(2, 3).contiguous())
    x = torch.randn(SIZE)
    with torch.no_grad():
        torch.testing.assert_close(lying(x.transpose(2, 3)), upright(x).transpose(2, 3))


def test_what_a_pixel_hears_of_its_row_is_the_mean_of_rows():
    """Pixels of a row may change places: attention hears no difference, only the detail does."""
    made = attention()
    nn.init.zeros_(made.columns.out[1].bn.weight)  # columns say the same everywhere
    x = torch.randn(SIZE)
    mixed = x[..., torch.randperm(SIZE[3])]

    def rows(given):
        q, k, v = (part(given).mean(3) for part in (made.query, made.key, made.value))
        return made.rows(q, k, v)

    torch.testing.assert_close(rows(mixed), rows(x))
    assert not torch.allclose(made(mixed), made(x))


def test_a_block_adds_attention_and_then_a_mix_of_channels():
    torch.manual_seed(0)
    block = SqueezeAxialBlock(8, hidden=16, heads=2, key_channels=3, drop_path=0.5).eval()
    x = torch.randn(SIZE)
    between = x + block.attention(x)
    torch.testing.assert_close(block(x), between + block.feed_forward(between))


def test_norms_over_valid_pixels_go_by_rows_for_rows_and_by_columns_for_columns():
    made = attention().train()
    share = use_valid_norms(made)
    valid = torch.ones(2, 1, 8, 8, dtype=torch.bool)
    valid[:, :, 0] = False  # the first row: no column is less seen than another
    x = torch.randn(2, 8, 8, 8)
    lines = {}
    for name in ('rows', 'columns'):
        norm = next(m for m in getattr(made, name).modules() if isinstance(m, nn.BatchNorm2d))
        norm.register_forward_hook(
            lambda module, given, out, name=name: lines.update({name: (given[0], out)})
        )
    with share.of(valid):
        made(x)
    for name, weights in (('rows', [0.0] + [1.0] * 7), ('columns', [1.0] * 8)):
        given, out = lines[name]
        line = given.flatten(2).transpose(0, 1).flatten(1).double()  # (C, N L)
        weight = torch.tensor(weights).repeat(2).double()
        mean = (line * weight).sum(1) / weight.sum()
        variance = ((line - mean[:, None]) ** 2 * weight).sum(1) / weight.sum()
        expected = (line - mean[:, None]) / (variance[:, None] + 1e-5).sqrt()
        found = out.flatten(2).transpose(0, 1).flatten(1).double()
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
