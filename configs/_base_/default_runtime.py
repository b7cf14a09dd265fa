"""What every run shares: hooks, log, seeds. Owns: default_scope ... launcher."""

from mmengine.hooks import (
    CheckpointHook,
    DistSamplerSeedHook,
    IterTimerHook,
    LoggerHook,
    ParamSchedulerHook,
    RuntimeInfoHook,
)
from mmengine.runner import LogProcessor

from fusionls.engine.check_leakage import CheckLeakage
from fusionls.engine.hooks import FitLayerStatistics, SeedEachEpoch

default_scope = None  # classes are named as types, so nothing is looked up by scope
default_hooks = dict(
    runtime_info=dict(type=RuntimeInfoHook),
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, interval=20),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(type=CheckpointHook, interval=5, max_keep_ckpts=2),
    sampler_seed=dict(type=DistSamplerSeedHook),
)
custom_hooks = [
    dict(type=CheckLeakage),
    dict(type=FitLayerStatistics),
    dict(type=SeedEachEpoch),
]
env_cfg = dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
log_processor = dict(type=LogProcessor, window_size=20, by_epoch=True)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False
launcher = 'none'
