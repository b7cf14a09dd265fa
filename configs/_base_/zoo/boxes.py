"""What every box detector of the zoo shares: that of the instance models, without their masks.

Owns what instances owns, and changes it.
The box of every connected landslide of a tile is an object; pieces under 16 pixels are ignored.
"""

from mmengine.config import read_base

with read_base():
    from .instances import *

from fusionls.datasets.transforms import PackInstanceTile
from fusionls.evaluation.metrics import LandslideBoxMetric

train_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile, masks=False)
val_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile, masks=False)
test_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile, masks=False)
val_evaluator = dict(type=LandslideBoxMetric)
test_evaluator = dict(type=LandslideBoxMetric)
