"""What box detectors of the zoo share that propose no boxes themselves: they are given some.

Owns what boxes owns, and changes it. Proposals are those of selective search over all layers shown,
and over those of each sensor.
"""

from mmengine.config import read_base

with read_base():
    from .boxes import *

from fusionls.datasets.transforms import ProposeBoxes

train_dataloader['dataset']['pipeline'].insert(-1, dict(type=ProposeBoxes, most=250))
val_dataloader['dataset']['pipeline'].insert(-1, dict(type=ProposeBoxes, most=250))
test_dataloader['dataset']['pipeline'].insert(-1, dict(type=ProposeBoxes, most=250))
