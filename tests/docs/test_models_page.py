"""What docs/models.md says of configs is done here."""

import re
import shutil
from pathlib import Path

from fusionls.config import load_config
from fusionls.models.encoders import MultiBranchEncoder
from fusionls.registry import MODELS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'models.md').read_text()


def test_a_leaf_gets_branches_by_its_backbone_alone(tmp_path):
    """The config of the page builds, and has an encoder for each modality."""
    (snippet,) = [b for b in re.findall(r'```python\n(.*?)```', PAGE, re.S) if 'read_base' in b]
    (stem,) = re.findall(r'from \.(\w+) import', snippet)
    (fused,) = ROOT.glob(f'configs/*/{stem}.py')
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    path = tmp_path / 'configs' / fused.parent.name / 'my_branches.py'
    path.write_text('from mmengine.config import read_base\n\n' + snippet)
    config = load_config(path)
    model = MODELS.build(config.model)
    assert isinstance(model.backbone, MultiBranchEncoder)
    sizes = {name: weight(branch) for name, branch in model.backbone.branches.items()}
    assert set(sizes) == set(config.layers)
    stacked = weight(MODELS.build(load_config(fused).model).backbone)
    assert all(abs(size / stacked - 1) < 0.02 for size in sizes.values())


def weight(module):
    """Number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())
