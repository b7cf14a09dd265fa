"""README is run, not only read: its commands, its plug-in, its tables."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text()


def code_after(mark: str) -> str:
    """The first fenced block after a mark."""
    found = re.search(rf'<!-- plugin:{re.escape(mark)} -->\n```python\n(.*?)```', README, re.S)
    assert found, mark
    return found[1]


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A folder with the plug-in, and a copy of the configs with the one of README."""
    (tmp_path / 'my_fusion.py').write_text(code_after('my_fusion.py'))
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    config = tmp_path / 'configs/gated/my_config.py'
    config.write_text(code_after('config'))
    monkeypatch.syspath_prepend(tmp_path)
    yield config
    sys.modules.pop('my_fusion', None)
    from fusionls.registry import MODELS

    MODELS.module_dict.pop('MaxFusion', None)


def test_plugin_of_readme_takes_a_training_step_that_lowers_the_loss(plugin):
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    from fusionls.apis import load_config
    from fusionls.registry import MODELS

    torch.manual_seed(0)
    config = load_config(plugin)
    model = MODELS.build(config.model)
    assert {type(f).__name__ for f in model.backbone.fusions} == {'MaxFusion'}
    model.data_preprocessor.set_statistics(
        {name: (0.0, 1.0) for names in config.layers.values() for name in names}
    )
    model.train(True)
    samples, targets = [], []
    for _ in range(2):
        inputs = {
            m: (torch.randn(len(names), 64, 64), torch.ones(1, 64, 64, dtype=torch.bool))
            for m, names in config.layers.items()
        }
        target = SegDataSample()
        target.gt_sem_seg = PixelData(data=(inputs['thermal'][0][:1] > 0).long())
        samples.append(inputs)
        targets.append(target)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    losses = []
    for _ in range(10):
        data = model.data_preprocessor(
            {'inputs': samples, 'data_samples': [t.clone() for t in targets]}, True
        )
        loss, _ = model.parse_losses(model.loss(data['inputs'], data['data_samples']))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.95 * losses[0]


def test_plugin_of_readme_keeps_the_law(plugin):
    from fusionls.registry import MODELS
    from fusionls.testing import check_fusion

    importlib.import_module('my_fusion')
    check_fusion(MODELS.get('MaxFusion'))


def test_custom_imports_register_a_plugin_by_name(plugin):
    from fusionls.apis import load_config
    from fusionls.registry import MODELS

    text = plugin.read_text().replace('from my_fusion import MaxFusion\n', '')
    text = text.replace('type=MaxFusion', "type='MaxFusion'")
    plugin.write_text(text + "custom_imports = dict(imports=['my_fusion'])\n")
    model = MODELS.build(load_config(plugin).model)
    assert {type(f).__name__ for f in model.backbone.fusions} == {'MaxFusion'}


def test_plugin_of_readme_is_about_ten_lines():
    lines = [line for line in code_after('my_fusion.py').splitlines() if line.strip()]
    assert len(lines) <= 18
    assert len(code_after('config').splitlines()) <= 10


def commands() -> list[str]:
    blocks = re.findall(r'```sh\n(.*?)```', README, re.S)
    joined = '\n'.join(blocks).replace('\\\n', ' ')
    return [line.partition('#')[0].strip() for line in joined.splitlines() if line.strip()]


@pytest.mark.parametrize('command', [c for c in commands() if c.startswith('make')])
def test_make_targets_of_readme_exist(command):
    result = subprocess.run(
        ['make', '-n', *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize('command', [c for c in commands() if c.startswith('python')])
def test_tools_of_readme_exist_and_explain_themselves(command):
    words = shlex.split(command)
    result = subprocess.run(
        [sys.executable, words[1], '--help'], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    for word in words[2:]:
        if word.startswith('--'):
            assert word in result.stdout
        if word.startswith('configs/'):
            assert (ROOT / word).is_file()


def test_relative_links_of_readme_lead_somewhere():
    prose = re.sub(r'```.*?```', '', README, flags=re.S)
    for target in re.findall(r'\]\(([^)#]+)\)', prose):
        if not target.startswith('http'):
            assert (ROOT / target).exists(), target


def test_scene_description_of_readme_is_understood(tmp_path):
    """It names files that are not here, and that is all that is wrong with it."""
    from fusionls.errors import FusionlsError
    from fusionls.stack import build_stack

    scene = tmp_path / 'scene.yaml'
    scene.write_text(re.search(r'```yaml\n(.*?)```', README, re.S)[1])
    with pytest.raises(FusionlsError) as caught:
        build_stack(scene, tmp_path / 'stack')
    missing = (
        'S2A_MSIL2A_20260801.SAFE', 'dem_in_degrees.tif', 'velocity.h5', 'tiles/*.laz',
        'mapped.gpkg',
    )  # fmt: skip
    assert all(name in str(caught.value) for name in missing)
    assert '5 problems' in str(caught.value)


def test_mars_table_of_readme_is_what_was_measured():
    spec = importlib.util.spec_from_file_location(
        'render_table', ROOT / 'benchmarks/mars/render_table.py'
    )
    render = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(render)
    assert render.rendered(README, render.mars_results()) == README
