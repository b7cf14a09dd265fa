"""WHOLE SCENES: plan windows, predict them, blend them, in memory that does not grow.

Knows nothing of torch: a model is a function over numpy arrays here.
"""

from fusionls.inference.scene_predictor import Predict, map_scene

__all__ = ['Predict', 'map_scene']
