"""What every instance model of the zoo shares: Mars tiles of 128 pixels, schedule, hooks.

Owns what it reads, and preprocessor. A leaf adds model; `backbone` reads `channels`.
Every connected landslide of a tile is an instance; pieces under 16 pixels are ignored. Weights
are averaged over twenty steps or so: over a hundred, as those of segmentors, the scores of
detectors lag at the end of 264 steps (configs/yolox/README.md).
"""

from mmengine.config import read_base

with read_base():
    from ..datasets.mars_mmls_v2_t128 import *
    from ..default_runtime import *
    from ..schedules.adamw_6e import *

from fusionls.datasets.transforms import PackInstanceTile
from fusionls.evaluation.metrics import LandslideInstanceMetric
from fusionls.engine import RefitNorms
from fusionls.models import FusionDataPreprocessor

preprocessor = dict(type=FusionDataPreprocessor, layers=layers, factors=factors)
train_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile)
val_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile)
test_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile)
val_evaluator = dict(type=LandslideInstanceMetric)
test_evaluator = dict(type=LandslideInstanceMetric)
averaging.update(momentum=0.05)
custom_hooks += [averaging, dict(type=RefitNorms)]
