"""HR-GLDD: PlanetScope tiles of ten events. Owns: layers, factors.

Published splits. The order of the bands is not published with authority: `order` says what is
assumed, and a check by the contrast of landslides warns where the numbers say otherwise.
"""

from mmengine.config import read_base

with read_base():
    from ..loaders_1xb8 import *

from fusionls.datasets import HrGlddDataset
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile

root = 'hr_gldd'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=[
        'optical_red_scaled',
        'optical_green_scaled',
        'optical_blue_scaled',
        'optical_nir_scaled',
    ],
)
factors = dict(optical=1)
order = 'rgbn'  # or 'bgrn'

train_dataloader.update(
    dataset=dict(
        type=HrGlddDataset,
        root=root,
        layers=layers,
        split='train',
        order=order,
        pipeline=[
            dict(type=LoadTile),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.15,
                offset=dict(
                    optical_red_scaled=0.02,
                    optical_green_scaled=0.02,
                    optical_blue_scaled=0.02,
                    optical_nir_scaled=0.02,
                ),
            ),
            dict(type=PackTile),
        ],
    ),
)
val_dataloader.update(
    dataset=dict(
        type=HrGlddDataset,
        root=root,
        layers=layers,
        split='val',
        order=order,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
test_dataloader.update(
    dataset=dict(
        type=HrGlddDataset,
        root=root,
        layers=layers,
        split='test',
        order=order,
        pipeline=[
            dict(type=LoadTile),
            dict(type=PackTile),
        ],
    ),
)
