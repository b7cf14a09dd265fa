"""Sen12Landslides: looks before and after by three sensors. Owns: layers, factors.

Optical counts are reflectance times 10,000; backscatter is linear power. Published splits of
tiles that all sensors have. A place without one of the sensors is shown without it.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import Sen12LandslidesDataset
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile

root = 'sen12landslides'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=[
        'optical_blue_pre',
        'optical_green_pre',
        'optical_red_pre',
        'optical_rededge1_pre',
        'optical_rededge2_pre',
        'optical_rededge3_pre',
        'optical_nir_pre',
        'optical_nir_narrow_pre',
        'optical_swir1_pre',
        'optical_swir2_pre',
        'optical_blue_post',
        'optical_green_post',
        'optical_red_post',
        'optical_rededge1_post',
        'optical_rededge2_post',
        'optical_rededge3_post',
        'optical_nir_post',
        'optical_nir_narrow_post',
        'optical_swir1_post',
        'optical_swir2_post',
    ],
    radar_asc=[
        'radar_backscatter_vv_asc_pre',
        'radar_backscatter_vh_asc_pre',
        'radar_backscatter_vv_asc_post',
        'radar_backscatter_vh_asc_post',
    ],
    radar_dsc=[
        'radar_backscatter_vv_dsc_pre',
        'radar_backscatter_vh_dsc_pre',
        'radar_backscatter_vv_dsc_post',
        'radar_backscatter_vh_dsc_post',
    ],
    terrain=['terrain_elevation'],
)
factors = dict(optical=1, radar_asc=1, radar_dsc=1, terrain=1)

train_dataloader.update(
    dataset=dict(
        type=Sen12LandslidesDataset,
        root=root,
        layers=layers,
        split='train',
        check='files',
        pipeline=[
            dict(type=LoadTile),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.15,
                offset=dict(
                    optical_red_pre=60.0,
                    optical_red_post=60.0,
                    optical_nir_pre=100.0,
                    optical_nir_post=100.0,
                    terrain_elevation=300.0,
                ),
            ),
            dict(type=DropModalities, probability=0.1),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=Sen12LandslidesDataset,
        root=root,
        layers=layers,
        split='val',
        check='files',
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=Sen12LandslidesDataset,
        root=root,
        layers=layers,
        split='test',
        check='files',
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
