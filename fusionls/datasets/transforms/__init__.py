"""What is done to a tile between reading and batching. Transforms draw from ``results['rng']``."""

from fusionls.datasets.transforms.geometry import TurnTile
from fusionls.datasets.transforms.loading import LoadTile
from fusionls.datasets.transforms.modalities import DropModalities, KeepModalities
from fusionls.datasets.transforms.packing import PackInstanceTile, PackTile
from fusionls.datasets.transforms.values import JitterLayers

__all__ = [
    'DropModalities',
    'JitterLayers',
    'KeepModalities',
    'LoadTile',
    'PackInstanceTile',
    'PackTile',
    'TurnTile',
]
