"""Optical images, each product with its own band names, scales, offsets and cloud masks."""

from fusionls.sources.optical.landsat import open_landsat
from fusionls.sources.optical.planetscope import open_planetscope
from fusionls.sources.optical.rgb import open_rgb
from fusionls.sources.optical.sentinel2 import open_sentinel2

__all__ = ['open_landsat', 'open_planetscope', 'open_rgb', 'open_sentinel2']
