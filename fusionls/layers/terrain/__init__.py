"""Layers derived from an elevation grid, in metric pixels or in degrees."""

from fusionls.layers.terrain.hillshade import hillshade
from fusionls.layers.terrain.slope import horn_gradient, slope_degrees

__all__ = ['hillshade', 'horn_gradient', 'slope_degrees']
