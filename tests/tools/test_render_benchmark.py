"""The benchmark page is what the metafiles say, and figures stand nowhere else."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fusionls.evaluation.metafile import all_results, read_metafile

ROOT = Path(__file__).parents[2]


def run(tool, *args, root=ROOT):
    return subprocess.run(
        [sys.executable, root / f'tools/dev/{tool}.py', *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=root,
    )


@pytest.fixture
def checkout(tmp_path):
    """What the tools need of the checkout, to be changed."""
    for path in ('tools/dev/render_benchmark.py', 'tools/dev/add_result.py', 'docs/benchmark.md'):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    for path in (*ROOT.glob('configs/*/metafile.yml'), *ROOT.glob('benchmarks/*/metafile.yml')):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_the_page_is_that_of_the_metafiles():
    done = run('render_benchmark', '--check')
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_figure_that_differs_is_found_on_either_side(checkout):
    assert run('render_benchmark', '--check', root=checkout).returncode == 0
    metafile = checkout / 'configs/gated/metafile.yml'
    text = metafile.read_text()
    f1 = f'{read_metafile(metafile)[0].mean["landslide/f1"]}'
    metafile.write_text(text.replace(f'landslide/f1: {f1}', 'landslide/f1: 0.9', 1))
    done = run('render_benchmark', '--check', root=checkout)
    assert done.returncode == 1
    assert 'out of date' in done.stdout
    assert run('render_benchmark', root=checkout).returncode == 0
    assert '| 0.900 |' in (checkout / 'docs/benchmark.md').read_text()
    page = checkout / 'docs/benchmark.md'
    page.write_text(page.read_text().replace('| 0.900 |', '| 0.950 |'))
    assert run('render_benchmark', '--check', root=checkout).returncode == 1


def test_a_row_is_added_by_one_command(checkout, tmp_path):
    folders = []
    for seed, f1 in enumerate((0.80, 0.82, 0.84)):
        folders.append(tmp_path / f'seed_{seed}')
        folders[-1].mkdir()
        scores = {'landslide/f1': f1, 'commit': 'abcdef1'}
        (folders[-1] / 'metrics.json').write_text(json.dumps(scores))
    config = checkout / 'configs/gated/gated_new_opt_1xb8_6e_mars_t64.py'
    words = ('--title', 'a new row', '--data-set', 'mars_mmls_v2', '--split', 'blocks')
    done = run('add_result', config, *folders, *words, root=checkout)
    assert done.returncode == 2
    assert '--kind: what the figures are of' in done.stderr
    done = run('add_result', config, *folders, *words, '--kind', 'pooled', root=checkout)
    assert done.returncode == 0, done.stderr
    page = (checkout / 'docs/benchmark.md').read_text()
    row = '| **ours**, 6 epochs, tiles of 64 | a new row | blocks | pooled |'
    assert f'{row} 0.820 ± 0.020 |' in page
    assert run('render_benchmark', '--check', root=checkout).returncode == 0
    # again with other scores: the words are those of the row that stands there
    (folders[0] / 'metrics.json').write_text(json.dumps({'landslide/f1': 0.9, 'commit': 'f'}))
    assert run('add_result', config, folders[0], root=checkout).returncode == 0
    page = (checkout / 'docs/benchmark.md').read_text()
    assert page.count('| a new row |') == 1
    assert f'{row} 0.900 |' in page


def test_our_rows_are_of_configs_that_ship_and_published_ones_say_where_they_stand():
    known = {path.stem for path in ROOT.glob('configs/*/*.py')}
    known |= {path.stem for path in ROOT.glob('benchmarks/*/*.py')}
    results = all_results(ROOT)
    assert [row.model for row in results if not row.published and row.model not in known] == []
    published = [row for row in results if row.published]
    assert len(published) > 20
    assert {row.checked for row in published} <= {'repository', 'abstract', 'review'}


def test_the_page_says_the_kind_and_the_split_of_every_row():
    spec = importlib.util.spec_from_file_location(
        'render_benchmark', ROOT / 'tools/dev/render_benchmark.py'
    )
    render = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(render)
    page = render.current_page()
    for row in all_results(ROOT):
        assert f'| {row.split} | {row.kind} |' in page
