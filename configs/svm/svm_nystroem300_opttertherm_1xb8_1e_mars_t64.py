"""Support vector machine with a radial kernel (Nystroem) on all Mars layers of single pixels.

Run: python tools/train.py configs/svm/svm_nystroem300_opttertherm_1xb8_1e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.zoo.classical import *

from fusionls.models.heads.kernel_svm_head import KernelSvmHead

model.update(decode_head=dict(type=KernelSvmHead, landmarks=300))
