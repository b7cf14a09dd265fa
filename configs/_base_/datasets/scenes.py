"""Scenes of one's own: stacks of tools/build_stack.py. Owns: stacks, layers, factors, the rest.

Give the folders by `--cfg-options stacks="[stacks/one, stacks/other]"`, or by a line of a config.
A quarter of the blocks of 128 base pixels is held out for validation and test, with 32 pixels
beside each that belong to nobody. Slopes, hillshades and canopy heights that a stack lacks are
derived from its elevations as tiles are read. Light changes by a share, so that reflectance and
counts are the same; whole sensors and pieces of them are left out, as real products leave them.
"""

from mmengine.config import read_base

with read_base():
    from .holes import *
    from ..loaders_1xb8 import *

from fusionls.datasets import StackDataset
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile

stacks = ['stacks/my_scene']
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue', 'optical_nir'],
    terrain=['terrain_slope', 'terrain_hillshade'],
    insar=['insar_velocity_los', 'insar_coherence'],
    lidar=['lidar_canopy_height', 'lidar_slope', 'lidar_hillshade'],
)
factors = dict(optical=1, terrain=2, insar=4, lidar=1)  # 10, 20, 40, 10 m on a grid of 10 m
blocks = dict(scheme='blocks', cell=32, block=4, validation_share=0.25, buffer=1)
light = dict(optical_red=0.1, optical_green=0.1, optical_blue=0.1, optical_nir=0.1)

train_dataloader.update(
    dataset=dict(
        type=StackDataset,
        stacks=stacks,
        layers=layers,
        split='train',
        tile=128,
        **blocks,
        pipeline=[
            dict(type=LoadTile, jitter=64),
            dict(type=TurnTile),
            dict(type=JitterLayers, gain=0.1, brightness=light),
            dict(type=DropModalities, probability=0.25),
            *holes,
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=StackDataset,
        stacks=stacks,
        layers=layers,
        split='val',
        tile=128,
        **blocks,
        pipeline=[
            dict(type=LoadTile, context=64, label_context=False),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=StackDataset,
        stacks=stacks,
        layers=layers,
        split='val',
        tile=128,
        **blocks,
        pipeline=[
            dict(type=LoadTile, context=64, label_context=False),
            dict(type=PackTile),
        ],
    ),
)
