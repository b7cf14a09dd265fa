"""Public landslide data sets, one file each, over the layout as published."""

from collections.abc import Callable
from pathlib import Path

from fusionls.datasets.loose_tiles import Finding
from fusionls.datasets.public import (
    bijie,
    cas_landslide,
    coco_folder,
    geotiff_folder,
    hr_gldd,
    landslide4sense,
    mars_mmls,
    mars_mmls_v2,
    picture_folder,
    sen12landslides,
)
from fusionls.datasets.public.bijie import BijieDataset
from fusionls.datasets.public.card import DataSetCard
from fusionls.datasets.public.cas_landslide import CasLandslideDataset
from fusionls.datasets.public.coco_folder import CocoFolderDataset
from fusionls.datasets.public.geotiff_folder import GeoTiffFolderDataset
from fusionls.datasets.public.hr_gldd import HrGlddDataset
from fusionls.datasets.public.landslide4sense import Landslide4SenseDataset
from fusionls.datasets.public.mars_mmls import MarsMmlsDataset
from fusionls.datasets.public.mars_mmls_v2 import MarsMmlsV2, MarsMmlsV2Dataset
from fusionls.datasets.public.picture_folder import PictureFolderDataset
from fusionls.datasets.public.sen12landslides import Sen12LandslidesDataset

PUBLISHED: dict[str, tuple[DataSetCard, Callable[[Path], Finding]]] = {
    module.CARD.name: (module.CARD, find)
    for module, find in (
        (bijie, bijie.find_bijie),
        (cas_landslide, cas_landslide.find_cas),
        (hr_gldd, hr_gldd.find_hr_gldd),
        (landslide4sense, landslide4sense.find_landslide4sense),
        (mars_mmls, mars_mmls.find_mars_mmls),
        (mars_mmls_v2, mars_mmls_v2.find_mars_mmls_v2),
        (sen12landslides, sen12landslides.find_sen12landslides),
    )
}
"""Card, and what finds the files, of every set with an adapter of its own."""

CARDS: dict[str, DataSetCard] = {
    card.name: card
    for card in (
        *(card for card, _ in PUBLISHED.values()),
        *(module.CARD for module in (geotiff_folder, picture_folder, coco_folder)),
    )
}
"""All cards, those of folders of one's own last."""

__all__ = [
    'CARDS',
    'PUBLISHED',
    'BijieDataset',
    'CasLandslideDataset',
    'CocoFolderDataset',
    'DataSetCard',
    'GeoTiffFolderDataset',
    'HrGlddDataset',
    'Landslide4SenseDataset',
    'MarsMmlsDataset',
    'MarsMmlsV2',
    'MarsMmlsV2Dataset',
    'PictureFolderDataset',
    'Sen12LandslidesDataset',
]
