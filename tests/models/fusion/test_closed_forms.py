"""Operators are what their equations say: against plain algebra and torch's own attention."""

import pytest
import torch
import torch.nn.functional as F
from timm.layers.cbam import CbamModule
from torch import nn

from fusionls.errors import InputError
from fusionls.models.fusion import (
    Adapters,
    AttentionalFusion,
    CmxFusion,
    ConstrainedFusion,
    ConvolutionalAttentionFusion,
    HubFusion,
    PlaceExchange,
    Rectification,
    SqueezeExcitationFusion,
    SumFusion,
    TokenExchange,
)
from fusionls.models.fusion.cmx import ContextFusion
from fusionls.models.fusion.gemini import PlaceAttention
from fusionls.models.fusion.hub import SelfQueryHub
from fusionls.models.fusion.masked import masked_max, masked_mean, shared_out

C, SIZE = 6, (2, 6, 5, 4)


def given(names=('optical', 'insar'), seed=0):
    generator = torch.Generator().manual_seed(seed)
    features = {name: torch.randn(SIZE, generator=generator) for name in names}
    return features, {name: torch.ones(SIZE[0], 1, *SIZE[2:]) for name in names}


def seeded(operator, names=('optical', 'insar'), **options):
    torch.manual_seed(1)
    built = operator(branches=dict.fromkeys(names, C), channels=C, **options)
    return built.train(False)


def test_pools_over_valid_pixels_are_those_of_the_pixels_alone():
    x = torch.randn(2, 3, 4, 5)
    share = (torch.rand(2, 1, 4, 5) > 0.5).float()
    share[1] = 0.0
    kept = x[0][:, share[0, 0] > 0]  # (3, valid pixels)
    torch.testing.assert_close(masked_mean(x, share)[0].flatten(), kept.mean(1))
    assert torch.equal(masked_max(x, share)[0].flatten(), kept.amax(1))
    assert not masked_mean(x, share)[1].any()
    assert not masked_max(x, share)[1].any()


def test_sum_of_equal_widths_is_the_normed_sum_and_has_no_other_weights():
    features, shares = given()
    fusion = seeded(SumFusion)
    total = features['optical'] + features['insar']
    expected = F.layer_norm(total.permute(0, 2, 3, 1), (C,), eps=fusion.norm.eps)
    torch.testing.assert_close(fusion(features, shares), expected.permute(0, 3, 1, 2))
    assert sum(p.numel() for p in fusion.parameters()) == 2 * C


def test_open_channel_gates_leave_the_sum():
    features, shares = given()
    fusion = seeded(SqueezeExcitationFusion)
    for layer in fusion.excite.values():  # a gate is 2 sigmoid(0) = 1 then
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    torch.testing.assert_close(fusion(features, shares), seeded(SumFusion)(features, shares))


def linear(layer, x):
    """A 1 x 1 convolution as a matrix over the last axis."""
    bias = 0 if layer.bias is None else layer.bias
    return x @ layer.weight[:, :, 0, 0].T + bias


def tokens(x):
    """(N, h w, C)."""
    return x.flatten(2).transpose(1, 2)


def test_rectification_of_two_is_the_equations_of_the_paper():
    features, shares = given()
    frm = seeded(Rectification)
    one, two = features['optical'], features['insar']
    both = torch.cat([one, two], 1)
    pooled = torch.cat([both.mean((2, 3)), both.amax((2, 3))], 1)  # (N, 4 C)
    by_channel = torch.sigmoid(linear(frm.by_channel[2], F.relu(linear(frm.by_channel[0], pooled))))
    by_pixel = torch.sigmoid(
        linear(frm.by_pixel[2], F.relu(linear(frm.by_pixel[0], both.permute(0, 2, 3, 1))))
    )
    for own, other, k, name in ((one, two, 1, 'optical'), (two, one, 0, 'insar')):
        channel = by_channel[:, k * C : (k + 1) * C, None, None]
        pixel = by_pixel[..., k][:, None]
        expected = own + 0.5 * channel * other + 0.5 * pixel * other
        torch.testing.assert_close(frm(features, shares)[name], expected)


def test_exchanged_contexts_of_two_are_the_equations_of_the_paper():
    features, shares = given()
    ffm = seeded(ContextFusion, head_channels=3)
    heads = ffm.exchange['optical'].heads
    assert heads == 2
    kept, asked, contexts = {}, {}, {}
    for name, feature in features.items():
        part = ffm.exchange[name]
        halves = F.relu(linear(part.split, tokens(feature)))
        kept[name], asked[name] = halves[..., :C], halves[..., C:]
        key, value = linear(part.key_value, asked[name]).split(C, -1)
        split = [m.reshape(SIZE[0], -1, heads, C // heads).transpose(1, 2) for m in (key, value)]
        product = split[0].transpose(2, 3) @ split[1] * (C // heads) ** -0.5
        contexts[name] = product.softmax(2)
    told = []
    for name, other in (('optical', 'insar'), ('insar', 'optical')):
        part = ffm.exchange[name]
        query = asked[name].reshape(SIZE[0], -1, heads, C // heads).transpose(1, 2)
        answer = (query @ contexts[other]).transpose(1, 2).reshape(SIZE[0], -1, C)
        end = linear(part.end, torch.cat([kept[name], answer], -1))
        normed = F.layer_norm(tokens(features[name]) + end, (C,), eps=part.norm.eps)
        told.append(normed.transpose(1, 2).reshape(SIZE))
    mixed = torch.cat(told, 1)
    expected = ffm.norm(ffm.residual(mixed) + ffm.embed(mixed))
    torch.testing.assert_close(ffm(features, shares), expected)


def test_a_hole_does_not_flatten_a_context():
    """Where the pixels of a map repeat, half of them say as much as all."""
    features, shares = given()
    for f in features.values():
        f[:, :, :, 2:] = f[:, :, :, :2]
    part = seeded(ContextFusion).exchange['insar']
    half = shares['insar'].clone()
    half[:, :, :, 2:] = 0.0
    whole = part.context(part.halves(features['insar'], shares['insar'])[1], shares['insar'])
    holed = part.context(part.halves(features['insar'], half)[1], half)
    torch.testing.assert_close(whole, holed)


def test_attention_per_place_is_that_of_torch_over_one_place_at_a_time():
    torch.manual_seed(0)
    ours = PlaceAttention(C, heads=2)
    theirs = nn.MultiheadAttention(C, 2, batch_first=True)
    three = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([m.weight[:, :, 0, 0] for m in three]))
        theirs.in_proj_bias.copy_(torch.cat([m.bias for m in three]))
        theirs.out_proj.weight.copy_(ours.out.weight[:, :, 0, 0])
        theirs.out_proj.bias.copy_(ours.out.bias)
    query, *others = (torch.randn(SIZE) for _ in range(7))
    keys, values = others[:3], others[3:]
    seen = torch.ones(SIZE[0], 1, *SIZE[2:])
    hidden = torch.zeros_like(seen)
    found = ours(query, keys, values, [seen, hidden, seen])

    def places(maps):
        return torch.stack([tokens(m).reshape(-1, C) for m in maps], 1)  # (places, maps, C)

    expected, _ = theirs(
        places([query]), places([keys[0], keys[2]]), places([values[0], values[2]])
    )
    torch.testing.assert_close(tokens(found).reshape(-1, 1, C), expected)


def test_a_place_where_no_other_is_valid_attends_to_itself_alone():
    features, shares = given()
    exchange = seeded(PlaceExchange, heads=2)
    shares['insar'] = torch.zeros_like(shares['insar'])
    features['insar'] = torch.zeros_like(features['insar'])
    own = features['optical']
    part = exchange.attention['optical']
    expected = own + part.out(part.value(own + exchange.value_noise['optical']))
    torch.testing.assert_close(exchange(features, shares)['optical'], expected)


def test_tokens_under_the_threshold_are_swapped_and_those_over_it_kept():
    features, shares = given()
    for threshold, source in ((0.0, {'optical': 'optical', 'insar': 'insar'}),
                              (1.1, {'optical': 'insar', 'insar': 'optical'})):  # fmt: skip
        swap = seeded(TokenExchange, threshold=threshold)
        scores = swap.scores(features, shares)
        for name, swapped in swap(features, shares).items():
            expected = scores[source[name]] * features[source[name]]
            torch.testing.assert_close(swapped, expected)


def test_the_penalty_on_scores_is_the_gradient_of_their_mean():
    features, shares = given()
    shares['insar'][:, :, 2:] = 0.0
    penalised = seeded(TokenExchange, sparsity=0.3).train()
    free = seeded(TokenExchange, sparsity=0.0).train()
    penalised.scores(features, shares)['insar'].mul(0.0).sum().backward()
    score = free.scores(features, shares)['insar']
    (0.3 * (score * shares['insar']).sum() / shares['insar'].sum()).backward()
    for a, b in zip(penalised.score['insar'].parameters(), free.score['insar'].parameters(),
                    strict=True):  # fmt: skip
        torch.testing.assert_close(a.grad, b.grad)
    assert float(torch.stack([p.grad.abs().sum() for p in free.score['insar'].parameters()]).sum())


def test_the_hub_takes_the_largest_of_what_is_valid():
    names = ('insar', 'lidar')
    features, shares = given(names)
    shares['lidar'][:, :, :, :2] = 0.0
    hub = SelfQueryHub(list(names), C, depth=0, mlp_ratio=1)
    hub.norm = nn.Identity()
    scored = hub.scored(features)
    found, share = hub(scored, shares)
    assert torch.equal(found[..., :2], scored['insar'][..., :2])
    assert torch.equal(found[..., 2:], torch.maximum(*scored.values())[..., 2:])
    assert bool((share == 1).all())
    for name in names:
        assert bool((scored[name].abs() > features[name].abs()).all())  # f + a f, 0 < a < 1


def test_the_primary_may_be_any_modality():
    fusion = HubFusion(branches=dict.fromkeys('abc', C), channels=C, primary='b')
    assert fusion.auxiliaries == ['a', 'c']


def test_adapters_carry_from_each_to_each_by_one_per_pair():
    names = ('optical', 'insar', 'lidar')
    features, shares = given(names)
    shares['lidar'] *= 0.25
    adapters = seeded(Adapters, names)
    assert set(adapters.adapter) == {'optical+insar', 'optical+lidar', 'insar+lidar'}
    carried = {n: adapters.norm[n](f) for n, f in features.items()}
    expected = (
        features['insar']
        + adapters.adapter['optical+insar'](carried['optical'])
        + 0.25 * adapters.adapter['insar+lidar'](carried['lidar'])
    )
    torch.testing.assert_close(adapters(features, shares)['insar'], expected)


def test_exchanges_want_one_width():
    with pytest.raises(InputError, match='expected 6 channels each'):
        Rectification(branches={'optical': 6, 'insar': 5}, channels=6)


def test_equal_widths_are_not_projected():
    assert not list(seeded(CmxFusion).project.parameters())


def test_shares_out_as_a_softmax_where_all_is_valid_and_nothing_where_none_is():
    scores = torch.randn(3, 2, 4, 5, 6)
    torch.testing.assert_close(shared_out(scores, torch.ones(3, 2, 1, 5, 6)), scores.softmax(0))
    halves = torch.tensor([1.0, 0.5, 0.0]).reshape(3, 1, 1, 1, 1).expand(3, 2, 1, 5, 6)
    expected = torch.tensor([2 / 3, 1 / 3, 0.0]).reshape(3, 1, 1, 1, 1).expand_as(scores)
    torch.testing.assert_close(shared_out(torch.zeros_like(scores), halves), expected)
    assert not shared_out(scores, torch.zeros(3, 2, 1, 5, 6)).any()


def test_attentional_fusion_of_two_is_the_equation_of_the_paper():
    features, shares = given()
    fusion = seeded(AttentionalFusion)
    x, y = features.values()
    mean = (x + y).mean((2, 3), keepdim=True)
    one, other = (score.local(x + y) + score.everywhere(mean) for score in fusion.score.values())
    m = torch.sigmoid(one - other)
    torch.testing.assert_close(fusion(features, shares), m * x + (1 - m) * y)


def test_a_silent_constraint_leaves_the_sum_and_a_loud_one_closes():
    features, shares = given()
    fusion = seeded(ConstrainedFusion, constraints=['insar'])
    last = fusion.constrain['insar'][3]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)  # 2 sigmoid(0) = 1
    torch.testing.assert_close(fusion(features, shares), seeded(SumFusion)(features, shares))
    nn.init.constant_(last.bias, -1e4)  # 2 sigmoid(-10000) = 0
    alone = {'insar': features['insar']}, {'insar': shares['insar']}
    torch.testing.assert_close(fusion(features, shares), seeded(SumFusion)(*alone))


def test_a_constraint_speaks_as_loud_as_it_is_valid():
    features, shares = given()
    shares['insar'] = 0.25 * shares['insar']
    fusion = seeded(ConstrainedFusion, constraints=['insar'])
    constraint = 2 * torch.sigmoid(0.25 * fusion.constrain['insar'](features['insar']))
    total = constraint * features['optical'] + 0.25 * features['insar']
    expected = F.layer_norm(total.permute(0, 2, 3, 1), (C,), eps=fusion.norm.eps)
    torch.testing.assert_close(fusion(features, shares), expected.permute(0, 3, 1, 2))


def test_convolutional_attention_is_that_of_timm_where_all_is_valid():
    features, shares = given()
    fusion = seeded(ConvolutionalAttentionFusion)
    theirs = CbamModule(C, rd_channels=4, mlp_bias=True).eval()
    theirs.channel.fc1.load_state_dict(fusion.by_channel[0].state_dict())
    theirs.channel.fc2.load_state_dict(fusion.by_channel[2].state_dict())
    theirs.spatial.conv.conv.weight = fusion.by_pixel.weight
    nn.init.zeros_(fusion.by_pixel.bias)  # timm has a norm there, which starts as nothing
    x = fusion.mix(torch.cat([*features.values(), *shares.values()], 1))
    torch.testing.assert_close(fusion(features, shares), theirs(x), rtol=1e-4, atol=1e-5)


def test_convolutional_attention_pools_over_valid_pixels_only():
    """Where the pixels of a map repeat, the valid half of them says as much as all."""
    features, shares = given(('optical',))
    fusion = seeded(ConvolutionalAttentionFusion, ('optical',))
    nn.init.zeros_(fusion.mix[0].weight)
    nn.init.zeros_(fusion.by_pixel.weight)
    with torch.no_grad():  # K reads each pixel alone, and no share
        fusion.mix[0].weight[:, :C, 1, 1] = torch.randn(C, C)
    features['optical'][:, :, :, 2:] = features['optical'][:, :, :, :2]
    whole = fusion(features, shares)
    shares['optical'][:, :, :, 2:] = 0.0
    holed = fusion(features, shares)
    torch.testing.assert_close(holed[..., :2], whole[..., :2])
    assert not holed[..., 2:].any()


def test_a_hub_does_not_shrink_with_the_number_of_its_mixers():
    features, shares = given(('terrain', 'insar'), seed=3)
    for depth in (1, 6):
        torch.manual_seed(1)
        hub = SelfQueryHub(['terrain', 'insar'], C, depth=depth, mlp_ratio=4).eval()
        with torch.no_grad():
            found, _ = hub(hub.scored(features), shares)
        assert float(found.std()) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(('channels', 'heads'), [(6, 6), (12, 6), (20, 5), (36, 6), (64, 8)])
def test_attention_at_a_place_has_eight_heads_or_the_next_number_that_divides(channels, heads):
    made = PlaceExchange(branches=dict(optical=channels, insar=channels), channels=channels)
    assert made.attention['optical'].heads == heads


def test_half_precision_that_needs_a_scaled_loss_is_refused_with_a_penalty():
    features, shares = given()
    made = seeded(TokenExchange).train()
    with torch.autocast('cpu', torch.bfloat16):
        made(features, shares)
    with torch.autocast('cpu', torch.float16), pytest.raises(InputError, match='sparsity=0'):
        made(features, shares)
    with torch.autocast('cpu', torch.float16):
        seeded(TokenExchange, sparsity=0.0).train()(features, shares)
