"""HR-GLDD: PlanetScope tiles of ten events. Owns: layers, factors, loaders.

Published splits. The order of the bands is not published with authority: `order` says what is
assumed, and a check by the contrast of landslides warns where the numbers say otherwise.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import HrGlddDataset, sample_list
from fusionls.datasets.transforms import JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

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

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
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
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
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
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
