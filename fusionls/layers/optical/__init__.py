"""Layers derived from optical bands."""

from fusionls.layers.optical.change import change_family, change_magnitude_family
from fusionls.layers.optical.indices import (
    bare_soil_family,
    brightness_family,
    difference_index_family,
    normalized_difference,
)
from fusionls.layers.optical.texture import local_deviation, texture_family

__all__ = [
    'bare_soil_family',
    'brightness_family',
    'change_family',
    'change_magnitude_family',
    'difference_index_family',
    'local_deviation',
    'normalized_difference',
    'texture_family',
]
