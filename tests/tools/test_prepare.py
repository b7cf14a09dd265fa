"""tools/datasets: a download is looked through, any set is written as COCO."""

import importlib.util
from pathlib import Path

import pytest

from fusionls.console import run_tool
from fusionls.testing.layouts import write_bijie, write_hr_gldd

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool in this process: exit code, standard output, standard error."""

    def of(tool, *arguments):
        spec = importlib.util.spec_from_file_location('tool', ROOT / 'tools/datasets' / tool)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr('sys.argv', [tool, *map(str, arguments)])
        code = run_tool(module.main)
        return code, *capsys.readouterr()

    return of


def test_a_sound_download_is_told_to_be_so(tmp_path, run, monkeypatch):
    monkeypatch.setenv('FUSIONLS_REAL_DATA', str(tmp_path))
    write_hr_gldd(tmp_path / 'hr_gldd', count=2)
    code, said, errors = run('prepare.py', 'hr_gldd')
    assert code == 0, errors
    assert '6 tiles of 128 x 128' in said
    assert 'all is there' in said


def test_what_is_missing_is_said_with_the_tree_and_the_source(tmp_path, run):
    write_bijie(tmp_path)
    next(tmp_path.rglob('mask/*.png')).unlink()
    code, _, errors = run('prepare.py', 'bijie', tmp_path)
    assert code == 2
    assert 'no mask for this image' in errors
    assert 'landslide/: 3 tiles; 770 were published' in errors
    assert 'polygon_coordinate/*.txt' in errors


def test_a_set_that_is_nowhere_is_told_with_its_source(tmp_path, run):
    code, _, errors = run('prepare.py', 'hr_gldd', tmp_path / 'none')
    assert code == 2
    assert 'https://zenodo.org/records/7189381' in errors


def test_a_set_of_a_config_is_written_as_coco(tmp_path, run, monkeypatch):
    monkeypatch.setenv('FUSIONLS_REAL_DATA', str(tmp_path))
    write_bijie(tmp_path / 'bijie', slides=5, others=2)
    config = ROOT / 'configs/gated/gated_lite0_optter_1xb8_12e_bijie_t256.py'
    out = tmp_path / 'coco'
    code, said, errors = run('export_coco.py', config, out, '--loader', 'val')
    assert code == 0, errors
    assert f'wrote {out / "annotations.json"}' in said
    assert len(list((out / 'images').glob('*.tif'))) == 2
