"""Thin mmengine metrics over ``evaluation.functional``."""

from fusionls.evaluation.metrics.landslide_box_metric import LandslideBoxMetric
from fusionls.evaluation.metrics.landslide_instance_metric import LandslideInstanceMetric
from fusionls.evaluation.metrics.landslide_metric import LandslideMetric
from fusionls.evaluation.metrics.screening_metric import ScreeningMetric
from fusionls.evaluation.metrics.tile_class_metric import TileClassMetric
from fusionls.evaluation.metrics.tile_gallery import TileGallery

__all__ = [
    'LandslideBoxMetric',
    'LandslideInstanceMetric',
    'LandslideMetric',
    'ScreeningMetric',
    'TileClassMetric',
    'TileGallery',
]
