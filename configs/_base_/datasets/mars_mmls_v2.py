"""Real tiles of Valles Marineris, Mars (MMLSv2). Owns: layers ... jitter, loaders, evaluators.

Training tiles of 192 pixels are cut anywhere in the training ground; validation tiles are the
published cells with 64 pixels of context from their validation neighbours, each pixel counted
once. Columns 20 to 29 and 60 to 69 are validation; one column beside each belongs to nobody.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import MarsMmlsV2Dataset, sample_list
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

root = 'mars_mmls_v2'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue', 'optical_grey'],
    terrain=['terrain_elevation', 'terrain_slope'],
    thermal=['thermal_inertia'],
)
factors = dict(optical=1, terrain=1, thermal=1)
# about 0.2 deviations of each layer; 0.5 for elevation, whose level is the site's
jitter = dict(
    type=JitterLayers,
    gain=0.15,
    offset=dict(
        optical_red=8.0,
        optical_green=8.0,
        optical_blue=8.0,
        optical_grey=8.0,
        terrain_elevation=1100.0,
        terrain_slope=1.5,
        thermal_inertia=8.0,
    ),
)

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=MarsMmlsV2Dataset,
        root=root,
        layers=layers,
        split='train',
        pipeline=[
            dict(type=LoadTile, context=32, jitter=64),
            dict(type=TurnTile),
            jitter,
            dict(type=DropModalities, probability=0.1),
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
        type=MarsMmlsV2Dataset,
        root=root,
        layers=layers,
        split='val',
        pipeline=[
            dict(type=LoadTile, context=64, label_context=False),
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
        type=MarsMmlsV2Dataset,
        root=root,
        layers=layers,
        split='val',
        pipeline=[
            dict(type=LoadTile, context=64, label_context=False),
            dict(type=PackTile),
        ],
    ),
)
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
