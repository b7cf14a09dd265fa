"""Pictures of scenes, maps, inventories and evaluations."""

from fusionls.visualization.panels import draw_panels
from fusionls.visualization.score_pictures import draw_precision_recall, draw_reliability
from fusionls.visualization.tile_pictures import draw_tiles

__all__ = ['draw_panels', 'draw_precision_recall', 'draw_reliability', 'draw_tiles']
