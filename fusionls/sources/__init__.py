"""PRODUCTS AS DELIVERED, in our layer names and canonical units. Imports neither torch nor mm*."""

from fusionls.sources.mapped_landslides import LabelRaster, MappedArea, MappedLandslides
from fusionls.sources.rasters import SourceRaster

__all__ = ['LabelRaster', 'MappedArea', 'MappedLandslides', 'SourceRaster']
