"""Parameters and operations of operators at their authors' settings agree with what these report.

Authors' models are built of our parts: MiT encoders and the SegFormer head of mmseg, three
channels per modality, no mask channel. Operations are multiplications with an addition, as papers
count them.
"""

import re
from pathlib import Path

import pytest
import torch
from mmseg.models import EncoderDecoder, SegformerHead
from mmseg.models.backbones import MixVisionTransformer
from torch.utils.flop_counter import FlopCounterMode

from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import MultiBranchEncoder, PatchPyramid
from fusionls.models.fusion import Adapters, CmxFusion, HubFusion, PlaceExchange
from fusionls.models.fusion.token_exchange import TokenScore
from fusionls.registry import MODELS
from fusionls.testing import registered_fusions

WIDTHS = (64, 128, 320, 512)  # of MiT-B1 to B5
B2, B3 = (3, 4, 6, 3), (3, 4, 18, 3)  # blocks per stage


def mit(depths):
    return dict(type=MixVisionTransformer, embed_dims=64, num_layers=depths, num_heads=[1, 2, 5, 8])


def head(channels, classes):
    return dict(
        type=SegformerHead,
        in_channels=list(WIDTHS),
        in_index=[0, 1, 2, 3],
        channels=channels,
        num_classes=classes,
        norm_cfg=dict(type='BN'),
    )


def model(branches, fusion, classes):
    config = dict(
        type=EncoderDecoder,
        data_preprocessor=dict(
            type=FusionDataPreprocessor,
            layers={m: [f'{m}_a', f'{m}_b', f'{m}_c'] for m in branches},
        ),
        backbone=dict(
            type=MultiBranchEncoder,
            branches={
                m: dict(encoder=encoder, channels=3, valid_channel=False)
                for m, encoder in branches.items()
            },
            fusion=fusion,
            staged=True,
        ),
        decode_head=head(512, classes),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )
    built = MODELS.build(config)
    built.train(False)
    return built


def cmx_b2():
    return model({'optical': mit(B2), 'terrain': mit(B2)}, dict(type=CmxFusion), classes=40)


def cmnext_b2(auxiliaries):
    branches = {'optical': mit(B2)}
    for name in auxiliaries:
        branches[name] = dict(type=PatchPyramid, widths=WIDTHS)
    fusions = [
        dict(type=HubFusion, depth=depth, mlp_ratio=ratio)
        for depth, ratio in zip(B2, (8, 8, 4, 4), strict=True)
    ]
    return model(branches, fusions, classes=25)


def millions(*modules):
    return sum(p.numel() for module in modules for p in module.parameters()) / 1e6


def billions(built, *, rows, cols):
    """Multiply-adds of one forward pass, 1e9: all of them, and those of layers with weights."""
    valid = torch.ones(1, 1, rows, cols, dtype=torch.bool)
    inputs = {m: (torch.zeros(1, 3, rows, cols), valid) for m in built.backbone.branches}
    torch.backends.mha.set_fastpath_enabled(False)  # what it does is not counted
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            built(inputs, mode='tensor')
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    counts = {str(op): count / 2e9 for op, count in counter.get_flop_counts()['Global'].items()}
    between = sum(count for op, count in counts.items() if 'bmm' in op)  # e.g. queries and keys
    return sum(counts.values()), sum(counts.values()) - between


def test_cmx_b2_costs_what_its_authors_report():
    """66.6 M and 67.6 G at 480 x 640 with 40 classes (Zhang et al. 2023, NYU Depth V2).

    The authors count layers; products between queries, keys and values, which have no weights,
    come on top: of attention over keys that are reduced to 15 x 20, and of contexts.
    """
    built = cmx_b2()
    assert millions(built) == pytest.approx(66.6, rel=0.03)
    everything, layers = billions(built, rows=480, cols=640)
    assert layers == pytest.approx(67.6, rel=0.03)
    products = 0
    for width, depth, pixels in zip(WIDTHS, B2, (19200, 4800, 1200, 300), strict=True):
        products += 2 * depth * (2 * pixels * 300 * width)  # two encoders
        products += 2 * (2 * pixels * width * 64)  # two contexts of 64 channels a head
    assert everything - layers == pytest.approx(products / 1e9, rel=1e-6)


def test_cmnext_b2_costs_what_its_authors_report_but_for_embeddings_of_its_own():
    """58.73 M and 65.42 G (at 512 x 512) with 4 modalities (Zhang et al. 2023, DELIVER).

    The authors share the patch embeddings of auxiliary modalities, which are all of three
    channels; ours differ in their layers, so each has its own.
    """
    built = cmnext_b2(['terrain', 'insar', 'lidar'])
    own = millions(*(built.backbone.branches[m] for m in ('insar', 'lidar')))
    assert own == pytest.approx(2 * 1.94, rel=0.01)
    assert millions(built) - own == pytest.approx(58.73, rel=0.03)
    everything, _ = billions(built, rows=512, cols=512)
    assert everything == pytest.approx(65.42, rel=0.03)


def test_attention_per_place_is_as_large_as_its_authors_report():
    """GeminiFusion-B3 has 75.8 M (Jia et al. 2024): one shared MiT-B3, an exchange per block."""
    exchanges = [
        PlaceExchange(branches={'optical': width, 'terrain': width}, channels=width)
        for width, depth in zip(WIDTHS, B3, strict=True)
        for _ in range(depth)
    ]
    total = millions(MODELS.build(mit(B3)), MODELS.build(head(256, 40)), *exchanges)
    assert total == pytest.approx(75.8, rel=0.03)


def test_token_scores_are_as_large_as_their_authors_report():
    """TokenFusion-B2 has 26.0 M (Wang et al. 2022): one shared MiT-B2, two scores per stage."""
    scores = [TokenScore(width) for width in WIDTHS for _ in range(2)]
    total = millions(MODELS.build(mit(B2)), MODELS.build(head(256, 40)), *scores)
    assert total == pytest.approx(26.0, rel=0.03)


def test_adapters_are_as_small_as_their_authors_say():
    """Li et al. 2024, sec. 3.2: two linear layers of 8 channels around one of 8 x 8, per pair."""
    width = 512
    adapters = Adapters(branches=dict.fromkeys('abcd', width), channels=width)
    per_pair = (width * 8 + 8) + (8 * 8 + 8) + (8 * width + width)
    norms = 4 * 2 * width
    assert sum(p.numel() for p in adapters.parameters()) == 6 * per_pair + norms


def stated_costs():
    """Rows of the table of single operators in docs/fusion.md: name, thousands, billions."""
    page = (Path(__file__).parents[3] / 'docs' / 'fusion.md').read_text()
    table = page.split('parameters, thousands', 1)[1].split('\n\n', 1)[0]
    for row in re.findall(r'\| `(\w+)` \| ([\d., ]+) \| ([\d., ]+) \|', table):
        yield row[0], *([float(n) for n in cell.split(',')] for cell in row[1:])


@pytest.mark.parametrize(('name', 'thousands', 'giga'), stated_costs())
def test_an_operator_costs_what_its_page_says(name, thousands, giga):
    for count, parameters, operations in zip((2, 3, 4), thousands, giga, strict=True):
        modalities = ['optical', 'terrain', 'insar', 'lidar'][:count]
        fusion = registered_fusions()[name](branches=dict.fromkeys(modalities, 128), channels=128)
        assert millions(fusion) * 1e3 == pytest.approx(parameters, rel=0.01, abs=0.5)
        features = {m: torch.zeros(1, 128, 64, 64) for m in modalities}
        shares = {m: torch.ones(1, 1, 64, 64) for m in modalities}
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            fusion(features, shares)
        assert counter.get_total_flops() / 2e9 == pytest.approx(operations, abs=0.006)


def test_the_page_states_the_cost_of_every_operator():
    assert {name for name, *_ in stated_costs()} == set(registered_fusions()) - {'SideBySideFusion'}
