"""Pictures of scenes, maps and inventories."""

from fusionls.visualization.panels import draw_panels

__all__ = ['draw_panels']
