"""The picture of the zoo shows what is both trained and measured, and nothing else."""

import importlib.util
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from fusionls.errors import InputError
from fusionls.evaluation.metafile import Result

ROOT = Path(__file__).parents[2]
STEMS = {m: f'fcn_resnet50_{m}_1xb8_6e_mars_t64' for m in ('opt', 'opttertherm')}


@pytest.fixture
def scripts(monkeypatch):
    """The two scripts; the one finds the other beside itself, as when it is run."""
    monkeypatch.syspath_prepend(ROOT / 'tools/dev')
    spec = importlib.util.spec_from_file_location('draw_models', ROOT / 'tools/dev/draw_models.py')
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module, sys.modules['render_models']
    del sys.modules['render_models']


def zoo(render, costs, rows):
    leaves = {
        stem: render.Leaf.of(ROOT / f'configs/fcn/{stem}.py', ROOT) for stem in STEMS.values()
    }
    return render.Zoo(ROOT, leaves, costs, {}, rows, {})


def row(modalities, f1, data_set='mars_mmls_v2'):
    said = dict(title='t', data_set=data_set, split='s', kind='k', commit='a', seeds=1)
    return Result(model=STEMS[modalities], mean={'landslide/f1': f1}, **said)


def test_both_sets_of_layers_of_a_method_are_joined(scripts, tmp_path):
    draw, render = scripts
    costs = {stem: {'latency_ms': ms} for stem, ms in zip(STEMS.values(), (90, 100), strict=True)}
    found = draw.models(zoo(render, costs, [row('opt', 0.7), row('opttertherm', 0.8)]))
    assert found == {'fcn resnet50': draw.Model(100, {'opt': 0.7, 'opttertherm': 0.8})}
    picture = imread(draw.draw(found, tmp_path / 'zoo.png'))
    colours = {tuple((255 * pixel[:3]).round().astype(int)) for pixel in picture.reshape(-1, 4)}
    for wanted in (draw.FUSED, draw.OPTICAL):
        assert tuple(bytes.fromhex(wanted[1:])) in colours


def test_what_is_not_measured_or_of_another_set_or_earlier_is_left_out(scripts, tmp_path):
    draw, render = scripts
    costs = {STEMS['opttertherm']: {'latency_ms': 100}}
    rows = [row('opt', 0.7), row('opttertherm', 0.8, data_set='bijie')]
    assert draw.models(zoo(render, costs, rows)) == {}
    costs[STEMS['opt']] = {'latency_ms': 90, 'config': 'of-yesterday'}
    assert draw.models(zoo(render, costs, rows)) == {}
    with pytest.raises(InputError, match='run tools'):
        draw.draw({}, tmp_path / 'zoo.png')
