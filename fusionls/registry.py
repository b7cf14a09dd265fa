"""Our registries under mmengine's: what can be named in a config, and where it is found.

Importing this module first serves mmcv's compiled operators where mmcv has none
(:mod:`fusionls.ops`), because mmdet and mmseg import them as they are imported.
"""

from mmengine import registry as root

from fusionls import ops

ops.serve()

MODELS = root.Registry(
    'fusionls model', parent=root.MODELS, scope='fusionls', locations=['fusionls.models']
)
DATASETS = root.Registry(
    'fusionls dataset', parent=root.DATASETS, scope='fusionls', locations=['fusionls.datasets']
)
TRANSFORMS = root.Registry(
    'fusionls transform',
    parent=root.TRANSFORMS,
    scope='fusionls',
    locations=['fusionls.datasets.transforms'],
)
DATA_SAMPLERS = root.Registry(
    'fusionls sampler',
    parent=root.DATA_SAMPLERS,
    scope='fusionls',
    locations=['fusionls.datasets'],
)
FUNCTIONS = root.Registry(
    'fusionls function', parent=root.FUNCTIONS, scope='fusionls', locations=['fusionls.datasets']
)
METRICS = root.Registry(
    'fusionls metric', parent=root.METRICS, scope='fusionls', locations=['fusionls.evaluation']
)
HOOKS = root.Registry(
    'fusionls hook', parent=root.HOOKS, scope='fusionls', locations=['fusionls.engine']
)
LOOPS = root.Registry(
    'fusionls loop', parent=root.LOOPS, scope='fusionls', locations=['fusionls.engine']
)
