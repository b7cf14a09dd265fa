"""Fusion operators: features of several branches at one level become one feature map."""

from fusionls.models.fusion.base import BaseFusion
from fusionls.models.fusion.compensating import CompensatingFusion
from fusionls.models.fusion.concat import ConcatFusion
from fusionls.models.fusion.gated import GatedFusion

__all__ = ['BaseFusion', 'CompensatingFusion', 'ConcatFusion', 'GatedFusion']
