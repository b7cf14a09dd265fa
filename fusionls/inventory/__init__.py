"""MAP -> LANDSLIDES: polygons with attributes from a probability map.

Imports neither torch nor mm*.
"""

from fusionls.inventory.landslides import make_inventory

__all__ = ['make_inventory']
