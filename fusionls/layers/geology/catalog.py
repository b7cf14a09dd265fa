"""Layers that come from maps: geological units, cover classes, distances to mapped lines.

Codes of classes belong to the map they come from; a model says which ones it tells apart
(``categories`` of the data preprocessor).
"""

from __future__ import annotations

from fusionls.layers.spec import measured
from fusionls.quantities import Kind

_CODE = 'code of the map it comes from'

GEOLOGY_LAYERS = (
    measured('geology_class', '1', f'geological unit, {_CODE}', kind=Kind.CATEGORICAL),
    measured('geology_fault_distance', 'm', 'distance to the nearest mapped fault', 0),
    measured('landcover_class', '1', f'land cover, {_CODE}', kind=Kind.CATEGORICAL),
    measured('river_distance', 'm', 'distance to the nearest mapped river', 0),
    measured('road_distance', 'm', 'distance to the nearest mapped road', 0),
)
