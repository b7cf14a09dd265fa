"""TILES: where they are cut, which split they belong to, what is done to them."""

from fusionls.datasets import transforms
from fusionls.datasets.collate import sample_list
from fusionls.datasets.public import MarsMmlsV2Dataset
from fusionls.datasets.stack_dataset import StackDataset
from fusionls.datasets.tile_dataset import TileDataset

__all__ = ['MarsMmlsV2Dataset', 'StackDataset', 'TileDataset', 'sample_list', 'transforms']
