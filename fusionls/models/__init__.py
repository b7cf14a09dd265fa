"""FROM BRANCHES TO PREDICTION: one fused backbone that mmseg, mmdet and mmpretrain heads take."""

import fusionls.registry  # noqa: F401  # serves mmcv's operators, before anything imports mmdet
from fusionls.models import encoders, fusion, heads, losses, necks, pretraining, segmentors
from fusionls.models.data_preprocessor import FusionDataPreprocessor

__all__ = [
    'FusionDataPreprocessor',
    'encoders',
    'fusion',
    'heads',
    'losses',
    'necks',
    'pretraining',
    'segmentors',
]
