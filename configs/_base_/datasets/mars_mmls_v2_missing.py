"""The Mars tiles of mars_mmls_v2, trained with parts of them missing: for the missing-data tables.

Owns what mars_mmls_v2 and holes own, and changes it. Training hides whole modalities, holes of the
shapes sensors leave, and scattered pixels. Tiles of 96 pixels in training, the published ones of
128 without context in testing.
"""

from mmengine.config import read_base

with read_base():
    from .holes import *
    from .mars_mmls_v2 import *

from fusionls.datasets.transforms import DropModalities, LoadTile, PackTile, TurnTile

train_dataloader['dataset'].update(
    tile=96,  # one in each cell of 128, moved at random: half the cost
    step=128,
    pipeline=[
        dict(type=LoadTile, jitter=64),
        dict(type=TurnTile),
        jitter,
        dict(type=DropModalities, probability=0.2),
        *holes,
        dict(type=PackTile),
    ],
)
val_dataloader['dataset'].update(pipeline=[dict(type=LoadTile), dict(type=PackTile)])
test_dataloader['dataset'].update(pipeline=[dict(type=LoadTile), dict(type=PackTile)])
