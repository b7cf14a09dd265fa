"""TILES: where they are cut, which split they belong to, what is done to them."""

from fusionls.datasets import transforms
from fusionls.datasets.collate import sample_list
from fusionls.datasets.public import (
    BijieDataset,
    CasLandslideDataset,
    CocoFolderDataset,
    GeoTiffFolderDataset,
    HrGlddDataset,
    Landslide4SenseDataset,
    MarsMmlsDataset,
    MarsMmlsV2Dataset,
    PictureFolderDataset,
    Sen12LandslidesDataset,
)
from fusionls.datasets.sampler import LandslideSampler
from fusionls.datasets.stack_dataset import StackDataset
from fusionls.datasets.tile_dataset import TileDataset

__all__ = [
    'BijieDataset',
    'CasLandslideDataset',
    'CocoFolderDataset',
    'GeoTiffFolderDataset',
    'HrGlddDataset',
    'Landslide4SenseDataset',
    'LandslideSampler',
    'MarsMmlsDataset',
    'MarsMmlsV2Dataset',
    'PictureFolderDataset',
    'Sen12LandslidesDataset',
    'StackDataset',
    'TileDataset',
    'sample_list',
    'transforms',
]
