"""tools/analysis/fit_temperature.py, and its file in tools/test.py."""

import json
from pathlib import Path

import pytest

from fusionls import apis

CONFIG = Path(__file__).parents[2] / 'configs' / 'tiny.py'


def test_a_fitted_temperature_is_applied_to_test_and_map(run, trained, tmp_path):
    file = tmp_path / 'temperature.json'
    code, out, _ = run(
        'analysis/fit_temperature.py', CONFIG, trained / 'epoch_3.pth', '--out', file
    )
    assert code == 0
    assert 'validation tiles, which are also the test tiles of tiny, epoch_3.pth' in out
    fitted = json.loads(file.read_text())
    assert fitted['loss_after'] < fitted['loss_before']
    config = apis.load_config(CONFIG, {'work_dir': str(tmp_path)})
    plain = apis.evaluate(config, trained / 'epoch_3.pth')
    code, _, _ = run(
        'test.py', CONFIG, trained / 'epoch_3.pth', '--work-dir', tmp_path, '--temperature', file
    )
    assert code == 0
    tested = json.loads((tmp_path / 'metrics.json').read_text())
    # what is fitted is the likelihood; of a model that hardly learned, other scores may be worse
    scaled = apis.evaluate(config, trained / 'epoch_3.pth', temperature=fitted['temperature'])
    assert tested['landslide/ece'] == pytest.approx(scaled['landslide/ece'])
    assert tested['landslide/ece'] != pytest.approx(plain['landslide/ece'])
    assert tested['landslide/f1'] == pytest.approx(plain['landslide/f1'])
    code, _, err = run(
        'test.py', CONFIG, trained / 'epoch_3.pth', '--work-dir', tmp_path, '--temperature', 'no'
    )
    assert code == 2
    assert 'no: no such file' in err
