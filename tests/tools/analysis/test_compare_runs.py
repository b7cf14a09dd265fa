"""tools/analysis/compare_runs.py on what tools/test.py left behind."""

import json
from pathlib import Path

CONFIG = Path(__file__).parents[2] / 'configs' / 'tiny.py'


def test_a_test_leaves_tables_and_pictures_and_two_of_them_can_be_compared(run, trained, tmp_path):
    for epoch in (1, 3):
        code, _, _ = run(
            'test.py', CONFIG, trained / f'epoch_{epoch}.pth', '--work-dir',
            tmp_path / f'epoch{epoch}', '--cfg-options', 'test_evaluator.block=32',
        )  # fmt: skip
        assert code == 0
    names = {p.name for p in (tmp_path / 'epoch3').iterdir() if p.name.startswith('metrics')}
    assert names == {
        'metrics.json', 'metrics.md', 'metrics_blocks.npz', 'metrics_precision_recall.png',
        'metrics_reliability.png', 'metrics_tiles.png',
    }  # fmt: skip
    first, third = (
        json.loads((tmp_path / f'epoch{e}' / 'metrics.json').read_text()) for e in (1, 3)
    )
    assert third['details']['blocks'] == 9
    assert third['details']['heading'] == 'tiny, epoch_3.pth'
    out = tmp_path / 'table.md'
    code, printed, _ = run(
        'analysis/compare_runs.py', tmp_path / 'epoch1', tmp_path / 'epoch3', '--draws', 100,
        '--scores', 'f1', 'ap', '--out', out,
    )  # fmt: skip
    assert code == 0
    gap = third['landslide/f1'] - first['landslide/f1']
    row = f'| epoch3 | f1 | {third["landslide/f1"]:.4f} | {first["landslide/f1"]:.4f} | {gap:+.4f}'
    assert row in printed
    assert row in out.read_text()
    code, _, err = run('analysis/compare_runs.py', tmp_path / 'epoch1', tmp_path / 'gone')
    assert code == 2
    assert 'gone: no such file' in err
