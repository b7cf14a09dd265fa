"""The pages of the models are what records, metafiles and READMEs say."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from fusionls.config import config_digest, load_config
from fusionls.evaluation.metafile import Result, put_results
from fusionls.evaluation.records import put_record

ROOT = Path(__file__).parents[2]
RUN = {'machine': 'box', 'commit': 'abc1234', 'date': '2026-11-25'}
STEMS = [f'new_net_r18_{m}_1xb8_6e_mars_t64' for m in ('opt', 'opttertherm')]


@pytest.fixture
def render():
    spec = importlib.util.spec_from_file_location(
        'render_models', ROOT / 'tools/dev/render_models.py'
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def checkout(tmp_path):
    """A checkout with two configs of one method."""
    folder = tmp_path / 'configs' / 'new_net'
    folder.mkdir(parents=True)
    for stem in STEMS:
        (folder / f'{stem}.py').write_text('')
    told = 'Maps by a [net](../net) of R. Doe et al. that\nis new. It has parts.'
    text = f'# New Net\n\n{told}\n\nMore.\n'
    (folder / 'README.md').write_text(text)
    rests = 'paper: Doe 2026, "New"\nbasis: abstract\nresults: []\n'
    (folder / 'metafile.yml').write_text(rests)
    return tmp_path


def cost(parameters, trainable, **more):
    return {
        'task': 'maps', 'modalities': ['optical'], 'parameters': parameters,
        'trainable': trainable, 'gflops': 1.5, 'latency_ms': 41.7, 'predict_mb': 120.0,
        'step_mb': 333.0, **RUN, **more,
    }  # fmt: skip


def learned(passed, score, steps):
    return {
        'task': 'maps', 'score_name': 'landslide/iou', 'bar': 0.9, 'passed': passed,
        'score': score, 'best': score, 'steps': steps, 'lr': 0.001, 'stopped': '',
        'cpu_minutes': 2.0, 'most_steps': 300, **RUN,
    }  # fmt: skip


def result(model, f1, **more):
    said = dict(title='t', data_set='mars_mmls_v2', split='blocks', kind='pooled')
    return Result(model=model, mean={'landslide/f1': f1}, **{**said, **more})


def test_the_pages_are_those_of_the_records(render):
    zoo = render.Zoo.of(ROOT)
    for name in render.PAGES:
        text = (ROOT / name).read_text()
        assert render.rendered(text, zoo) == text, 'run tools/dev/render_models.py'


def test_every_part_stands_on_a_page_once(render):
    text = '\n'.join((ROOT / name).read_text() for name in render.PAGES)
    assert sorted(found[1] for found in render.MARK.finditer(text)) == sorted(render.PARTS)


def test_costs_scores_and_failures_stand_in_the_table(render, checkout):
    put_record(checkout / render.COSTS, STEMS[0], cost(2_500_000, 2_000_000))
    put_record(checkout / render.COSTS, STEMS[1], {'failed': 'InputError: no', **RUN})
    put_record(checkout / render.COSTS, 'gone_r18_opt_1xb8_6e_mars_t64', cost(1, 1))
    put_record(checkout / render.LEARNED, STEMS[0], learned(False, 0.42, 300))
    put_results(
        checkout / 'configs/new_net/metafile.yml', [result(STEMS[0], 0.812, commit='a', seeds=1)]
    )
    text = '\n'.join(render.costs_part(render.Zoo.of(checkout)))
    row = next(line for line in text.splitlines() if line.startswith('| [new_net r18]'))
    assert f'(../configs/new_net/{STEMS[0]}.py)' in row
    assert '| 2.50 M (0.50 M held) | 1.50 | 42 | 120 | 333 | 0.812 | **failed** |' in row
    assert f'- `{STEMS[1]}`: InputError: no' in text
    assert 'gone' not in text
    told = '\n'.join(render.learned_part(render.Zoo.of(checkout)))
    assert told.startswith('0 of 1 models')
    assert '| opt | IoU over 0.9 | 0.420 | 0.420 | 300 | 0.001 | the steps were over |' in told
    assert '- [new_net](../configs/new_net/README.md): –' in told
    with (checkout / 'configs/new_net/README.md').open('a') as readme:
        readme.write('\n**Four tiles.** It is [blind](x)\nto them.\n\nNo more.\n')
    told = '\n'.join(render.learned_part(render.Zoo.of(checkout)))
    assert told.endswith('- [new_net](../configs/new_net/README.md): It is blind to them.')


def test_what_was_measured_with_earlier_settings_is_marked(render, checkout):
    config = checkout / 'configs/new_net' / f'{STEMS[0]}.py'
    Config.fromfile(ROOT / 'tests/configs/tiny.py').dump(config)
    for digest, mark in ((config_digest(load_config(config)), ''), ('0' * 12, render.EARLIER)):
        record = cost(2_500_000, 2_500_000, config=digest)
        put_record(checkout / render.COSTS, STEMS[0], record)
        put_record(checkout / render.LEARNED, STEMS[0], {**learned(True, 0.95, 40), **record})
        text = '\n'.join(render.costs_part(render.Zoo.of(checkout)))
        assert f'| 2.50 M{mark} |' in text
        assert f'| 40 steps, lr 0.001{mark} |' in text


def test_a_model_that_learned_says_in_how_many_steps(render, checkout):
    put_record(checkout / render.COSTS, STEMS[0], cost(2_500_000, 2_500_000))
    for most, shown in ((300, '40 steps, lr 0.001'), (900, '40 of 900 steps, lr 0.001')):
        record = {**learned(True, 0.95, 40), 'most_steps': most}
        put_record(checkout / render.LEARNED, STEMS[0], record)
        assert f'| {shown} |' in '\n'.join(render.costs_part(render.Zoo.of(checkout)))


def test_our_records_were_made_as_the_page_says(render):
    zoo = render.Zoo.of(ROOT)
    sound = [record for record in zoo.costs.values() if 'failed' not in record]
    assert {(r['side'], r['runs'], r['threads']) for r in sound} <= {(256, 5, 1)}
    page = (ROOT / render.PAGES[0]).read_text()
    assert 'One tile of 256 x 256' in page
    assert f'every ten steps, {render.USUAL_STEPS} at most' in page


def test_what_is_not_measured_is_named(render, checkout):
    text = '\n'.join(render.costs_part(render.Zoo.of(checkout)))
    assert '## Not measured' in text
    assert all(f'`{stem}`' in text for stem in STEMS)


def test_many_that_are_not_measured_are_counted_by_method(render, checkout):
    for number in range(render.MOST_NAMED):
        (checkout / f'configs/new_net/new_net_r{number}_opt_1xb8_6e_mars_t64.py').write_text('')
    text = '\n'.join(render.costs_part(render.Zoo.of(checkout)))
    assert f'`new_net` ({render.MOST_NAMED + len(STEMS)})' in text
    assert STEMS[0] not in text


def test_a_model_that_only_learned_has_a_row_too(render, checkout):
    put_record(checkout / render.LEARNED, STEMS[0], learned(True, 0.95, 40))
    text = '\n'.join(render.costs_part(render.Zoo.of(checkout)))
    assert '| opt | 1xb8_6e_mars_t64 | – | – | – | – | – | – | 40 steps, lr 0.001 |' in text


def test_those_that_learned_are_counted(render, checkout):
    for stem, steps in zip(STEMS, (40, 120), strict=True):
        put_record(checkout / render.LEARNED, stem, learned(True, 0.95, steps))
    told = '\n'.join(render.learned_part(render.Zoo.of(checkout)))
    assert told.startswith('2 of 2 models')
    assert '40 to 120 steps' in told
    assert '4 CPU minutes' in told
    assert '|' not in told


def test_optical_and_fused_stand_side_by_side_with_what_was_published(render, checkout):
    ours = [
        result(
            stem,
            f1,
            commit='a',
            seeds=1,
            test_tiles=99,
            cost={'cpu_minutes': minutes, 'parameters': 3e6},
        )
        for stem, f1, minutes in zip(STEMS, (0.7, 0.75), (10, 12), strict=True)
    ]
    put_results(checkout / 'configs/new_net/metafile.yml', ours)
    theirs = [
        result('x', 0.876, split='official', source='paper', checked='abstract', method='new_net'),
        result('y', 0.5, split='official', source='paper', checked='abstract', method='other'),
        result('z', 0.6, data_set='bijie', source='p', checked='abstract', method='new_net'),
    ]
    put_results(checkout / 'benchmarks/published/metafile.yml', theirs)
    zoo = render.Zoo.of(checkout)
    text = '\n'.join(render.trained_part(zoo))
    assert '### 1xb8_6e_mars_t64: pooled' in text
    assert 'Split: blocks; 99 test tiles.' in text
    assert (
        '| new_net | r18 | 0.700 | 0.750 | – | – | +5.0 | 3.0 M | 3.0 M | 10 | 12 | 1 | '
        'F1 0.876 (pooled; official) |' in text
    )
    published = '\n'.join(render.published_part(zoo))
    assert published.count('| new_net |') == 2
    assert '| official | pooled | F1 0.876 | paper | abstract |' in published


def test_instances_are_told_by_masks_though_they_are_scored_as_a_map_too(render, checkout):
    scores = {'landslide/f1': 0.7, 'landslide/coco_mask_ap50': 0.2, 'landslide/coco_box_ap50': 0.3}
    rows = [
        Result(stem, 't', 'mars_mmls_v2', 'blocks', 'pooled', scores, commit='a', seeds=1)
        for stem in STEMS
    ]
    put_results(checkout / 'configs/new_net/metafile.yml', rows)
    text = '\n'.join(render.trained_part(render.Zoo.of(checkout)))
    assert '| mask AP50, optical | mask AP50, fused | F1, optical | F1, fused |' in text
    assert '| new_net | r18 | 0.200 | 0.200 | 0.700 | 0.700 | +0.0 |' in text


def test_figures_on_other_sets_stand_where_there_are_none_on_this(render, checkout):
    ours = [result(stem, 0.7, commit='a', seeds=1) for stem in STEMS]
    put_results(checkout / 'configs/new_net/metafile.yml', ours)
    other = result('z', 0.6, data_set='bijie', source='p', checked='abstract', method='new_net')
    put_results(checkout / 'benchmarks/published/metafile.yml', [other])
    text = '\n'.join(render.trained_part(render.Zoo.of(checkout)))
    assert '| Bijie: F1 0.600 (pooled; blocks) |' in text
    assert 'Split: blocks.' in text  # nobody says of how many tiles


def test_what_our_failing_models_do_wrong_is_told(render):
    zoo = render.Zoo.of(ROOT)
    failing = [s for s, r in zoo.learned.items() if s in zoo.leaves and not r.get('passed')]
    methods = {zoo.leaves[stem].method for stem in failing}
    told = {m: render.found(ROOT / 'configs' / m / 'README.md') for m in methods}
    assert [m for m, what in told.items() if what == '–'] == []


def test_a_method_is_told_by_its_readme(render, checkout):
    text = '\n'.join(render.methods_part(render.Zoo.of(checkout)))
    assert '[New Net](../configs/new_net/README.md)' in text
    assert '| r18 | 2 |' in text
    assert (
        '| Maps by a net of R. Doe et al. that is new. | Doe 2026, "New" | written after the '
        'abstract |' in text
    )


def test_names_of_configs_say_what_they_are(render):
    path = ROOT / 'configs/deep_net/deep_net_r50_ciou_opttertherm_1xb4_12e_mars_t192.py'
    leaf = render.Leaf.of(path, ROOT)
    assert (leaf.method, leaf.encoder) == ('deep_net', 'r50_ciou')
    assert (leaf.modalities, leaf.budget) == ('opttertherm', '1xb4_12e_mars_t192')


def test_our_published_figures_name_methods_that_ship(render):
    zoo = render.Zoo.of(ROOT)
    named = {row.method for row in zoo.results if row.method}
    assert named
    assert named <= {leaf.method for leaf in zoo.leaves.values()}


def test_a_page_that_was_edited_is_out_of_date(render, checkout, monkeypatch, capsys):
    for name in render.PAGES:
        (checkout / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    monkeypatch.setattr(render, 'ROOT', checkout)
    monkeypatch.setattr(sys, 'argv', ['render_models.py'])
    put_record(checkout / render.COSTS, STEMS[0], cost(2_500_000, 2_500_000))
    assert render.main() == 0
    monkeypatch.setattr(sys, 'argv', ['render_models.py', '--check'])
    assert render.main() == 0
    records = checkout / render.COSTS
    changed = json.loads(records.read_text())
    changed[STEMS[0]]['gflops'] = 1.25
    records.write_text(json.dumps(changed))
    assert render.main() == 1
    assert 'model_zoo.md is out of date' in capsys.readouterr().out
