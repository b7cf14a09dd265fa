"""What every tile classifier of the zoo shares: Mars tiles of 64 pixels, schedule, preprocessor.

Owns what it reads, and preprocessor. A leaf adds model; `backbone` reads `channels`. Tiles for
testing are as large as those for training: of the published cells of 128 pixels hardly one is
without a landslide (22 of 99 have less than a tenth), of their quarters a third is.
"""

from mmengine.config import read_base

with read_base():
    from ..datasets.mars_mmls_v2_t64 import *
    from ..default_runtime import *
    from ..schedules.adamw_6e import *

from fusionls.datasets.transforms import (
    DropModalities,
    LoadTile,
    PackClassifiedTile,
    TurnTile,
)
from fusionls.evaluation.metrics import TileClassMetric
from fusionls.engine import RefitNorms
from fusionls.models import FusionDataPreprocessor

train_dataloader['dataset'].update(
    pipeline=[
        dict(type=LoadTile, jitter=64),
        dict(type=TurnTile),
        jitter,
        dict(type=DropModalities, probability=0.1),
        dict(type=PackClassifiedTile),
    ],
)
val_dataloader['dataset'].update(
    tile=64, pipeline=[dict(type=LoadTile), dict(type=PackClassifiedTile)]
)
test_dataloader['dataset'].update(
    tile=64, pipeline=[dict(type=LoadTile), dict(type=PackClassifiedTile)]
)
val_evaluator = dict(type=TileClassMetric)
test_evaluator = dict(type=TileClassMetric)

preprocessor = dict(type=FusionDataPreprocessor, layers=layers, factors=factors)
custom_hooks += [averaging, dict(type=RefitNorms)]
