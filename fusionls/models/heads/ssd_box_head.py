"""mmdet's SSD head, which cannot predict as it is.

Source: Liu et al. (2016), "SSD: Single Shot MultiBox Detector"; mmdet's ``SSDHead``.
Differs: mmdet from 3.2 on asks every dense head for ``loss_cls`` when it predicts, and SSDHead has
none (github.com/open-mmlab/mmdetection, issue 11780).
"""

from __future__ import annotations

from mmdet.models import SSDHead

from fusionls.registry import MODELS


@MODELS.register_module()
class SSDBoxHead(SSDHead):
    """``SSDHead`` that can predict: it has no loss of its own activation, and says so."""

    loss_cls = None
