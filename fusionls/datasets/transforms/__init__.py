"""What is done to a tile between reading and batching. Transforms draw from ``results['rng']``."""

from fusionls.datasets.transforms.derived import DeriveLayers
from fusionls.datasets.transforms.geometry import TurnTile
from fusionls.datasets.transforms.holes import DropBlocks, DropPixels
from fusionls.datasets.transforms.loading import LoadTile
from fusionls.datasets.transforms.modalities import DropModalities, KeepModalities
from fusionls.datasets.transforms.packing import (
    FixLabels,
    PackClassifiedTile,
    PackInstanceTile,
    PackTile,
)
from fusionls.datasets.transforms.paste import PasteLandslides
from fusionls.datasets.transforms.proposals import ProposeBoxes
from fusionls.datasets.transforms.schedules import RampTransforms
from fusionls.datasets.transforms.values import JitterLayers, NoiseLayers
from fusionls.datasets.transforms.views import CircleTile
from fusionls.datasets.transforms.warp import WarpTile

__all__ = [
    'CircleTile',
    'DeriveLayers',
    'DropBlocks',
    'DropModalities',
    'DropPixels',
    'FixLabels',
    'JitterLayers',
    'KeepModalities',
    'LoadTile',
    'NoiseLayers',
    'PackClassifiedTile',
    'PackInstanceTile',
    'PackTile',
    'PasteLandslides',
    'ProposeBoxes',
    'RampTransforms',
    'TurnTile',
    'WarpTile',
]
