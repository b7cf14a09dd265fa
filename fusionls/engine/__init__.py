"""Hooks, loops and settings of the runs that are ours."""

from fusionls.engine.check_leakage import CheckLeakage
from fusionls.engine.fit_pixels_loop import FitPixelsLoop
from fusionls.engine.hooks import FitLayerStatistics, ProgressLine, SeedEachEpoch
from fusionls.engine.missing_data_loop import MissingDataLoop
from fusionls.engine.optim import BFloat16OptimWrapper
from fusionls.engine.refit_norms import RefitNorms

__all__ = [
    'BFloat16OptimWrapper',
    'CheckLeakage',
    'FitLayerStatistics',
    'FitPixelsLoop',
    'MissingDataLoop',
    'ProgressLine',
    'RefitNorms',
    'SeedEachEpoch',
]
