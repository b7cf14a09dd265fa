"""Hooks and settings of the training run that are ours."""

from fusionls.engine.hooks import FitLayerStatistics, ProgressLine, SeedEachEpoch
from fusionls.engine.optim import BFloat16OptimWrapper

__all__ = ['BFloat16OptimWrapper', 'FitLayerStatistics', 'ProgressLine', 'SeedEachEpoch']
