"""Semantic models of the zoo with the terrain factors of landslides. Owns what semantic owns.

Slope is the published one; aspect, curvature, position, relief and roughness are derived from the
elevation as tiles are read. A pixel is 232 m.
"""

from mmengine.config import read_base

with read_base():
    from .semantic import *

layers.update(
    terrain=[
        'terrain_elevation',
        'terrain_slope',
        'terrain_aspect_sin',
        'terrain_aspect_cos',
        'terrain_curvature_plan',
        'terrain_curvature_profile',
        'terrain_tpi_r1000',
        'terrain_relief_r1000',
        'terrain_roughness',
    ],
)
channels.update(terrain=9)
preprocessor.update(layers=layers)
train_dataloader['dataset'].update(layers=layers)
val_dataloader['dataset'].update(layers=layers)
test_dataloader['dataset'].update(layers=layers)
