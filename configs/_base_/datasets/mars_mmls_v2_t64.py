"""The Mars tiles of mars_mmls_v2 at the size of the model zoo: 64 pixels in training.

Owns what mars_mmls_v2 owns, and changes it; and channels. One tile in each cell of 128, moved at
random. The published tiles of 128 without context in testing.
"""

from mmengine.config import read_base

with read_base():
    from .mars_mmls_v2 import *

from fusionls.datasets.transforms import DropModalities, LoadTile, PackTile, TurnTile

channels = dict(optical=4, terrain=2, thermal=1)
train_dataloader['dataset'].update(
    tile=64,
    step=128,
    pipeline=[
        dict(type=LoadTile, jitter=64),
        dict(type=TurnTile),
        jitter,
        dict(type=DropModalities, probability=0.1),
        dict(type=PackTile),
    ],
)
val_dataloader['dataset'].update(pipeline=[dict(type=LoadTile), dict(type=PackTile)])
test_dataloader['dataset'].update(pipeline=[dict(type=LoadTile), dict(type=PackTile)])
