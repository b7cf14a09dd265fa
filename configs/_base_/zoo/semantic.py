"""What every semantic model of the zoo shares: Mars tiles, schedule, hooks, preprocessor.

Owns what it reads, and preprocessor. A leaf adds model; `backbone` reads `channels`.
"""

from mmengine.config import read_base

with read_base():
    from ..datasets.mars_mmls_v2_t64 import *
    from ..default_runtime import *
    from ..schedules.adamw_6e import *

from fusionls.engine import RefitNorms
from fusionls.models import FusionDataPreprocessor

preprocessor = dict(type=FusionDataPreprocessor, layers=layers, factors=factors)
custom_hooks += [averaging, dict(type=RefitNorms)]
