"""Whoever begins with ``fusionls.models`` gets mmdet with its operators."""

import subprocess
import sys

PROGRAM = """
import fusionls.models
from mmdet.models.dense_heads import yolox_head
print(yolox_head.batched_nms.__module__)
"""


def test_mmdet_finds_its_operators_however_models_are_imported():
    ran = subprocess.run([sys.executable, '-c', PROGRAM], capture_output=True, text=True)
    assert ran.stdout.strip() == 'mmcv.ops.nms', ran.stderr
