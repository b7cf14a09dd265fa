"""PRODUCTS AS DELIVERED, in our layer names and canonical units. Imports neither torch nor mm*."""

from fusionls.sources.mapped_landslides import LabelRaster, MappedArea, MappedLandslides
from fusionls.sources.rasters import SourceRaster
from fusionls.sources.source import ArraySource, North, Source

__all__ = [
    'ArraySource',
    'LabelRaster',
    'MappedArea',
    'MappedLandslides',
    'North',
    'Source',
    'SourceRaster',
]
