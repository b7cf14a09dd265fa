"""YOLOX-tiny on optical and terrain, its boxes judged by InSAR: simulated valleys.

InSAR is not shown to the detector: tools/detect_scene.py joins both decisions.
Run: python tools/train.py
configs/insar_decision/insar_decision_cspdarknettiny_optter_1xb8_30e_valley_t128.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.datasets.valley import *
    from .._base_.default_runtime import *
    from .._base_.models.yolox_tiny import *
    from .._base_.schedules.adamw_30e import *

from fusionls.datasets.transforms import LoadTile, PackInstanceTile
from fusionls.engine import RefitNorms
from fusionls.evaluation.metrics import LandslideBoxMetric
from fusionls.models import FusionDataPreprocessor

modalities = ['optical', 'terrain']
active_deformation = dict(
    layer='insar_velocity_los',
    least_speed=0.01,  # m/yr
    full_speed=0.05,
    least_valid=0.3,
    least_share=0.2,
    least_pixels=6,
    covered=0.5,
)

model.update(data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers, factors=factors))
model['backbone'].update(channels=dict(optical=4, terrain=2), factors=factors)
train_dataloader['dataset']['pipeline'][-1] = dict(type=PackInstanceTile, masks=False)
# without context: a landslide would be found whole and judged by what lies in the tile
val_dataloader['dataset'].update(
    pipeline=[dict(type=LoadTile), dict(type=PackInstanceTile, masks=False)]
)
test_dataloader['dataset'].update(
    pipeline=[dict(type=LoadTile), dict(type=PackInstanceTile, masks=False)]
)
val_evaluator = dict(type=LandslideBoxMetric)
test_evaluator = dict(type=LandslideBoxMetric)
custom_hooks += [averaging, dict(type=RefitNorms)]
