"""Simulated valleys with four sensors. Owns: layers, factors, the loaders, evaluators.

Stacks are made by demo/run_demo.py (or tools/build_stack.py). Two valleys train, a third one,
from other ground, tests. Elevations stay out of the layers the model reads: a height above sea
level says where a valley is, not where its landslides are.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import StackDataset, sample_list
from fusionls.datasets.transforms import DropModalities, JitterLayers, LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

made = 'demo/output/stacks'
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue', 'optical_nir'],
    terrain=['terrain_slope', 'terrain_hillshade'],
    insar=['insar_velocity_los', 'insar_coherence'],
    lidar=['lidar_canopy_height', 'lidar_slope', 'lidar_hillshade'],
)
factors = dict(optical=1, terrain=4, insar=4, lidar=1)  # pixels of 5, 20, 20 and 5 m

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=StackDataset,
        stacks=[f'{made}/valley_1', f'{made}/valley_2'],
        layers=layers,
        tile=128,
        pipeline=[
            dict(type=LoadTile, jitter=64),
            dict(type=TurnTile),
            dict(
                type=JitterLayers,
                gain=0.1,
                offset=dict(
                    optical_red=60.0, optical_green=60.0, optical_blue=60.0, optical_nir=100.0
                ),
            ),
            dict(type=DropModalities, probability=0.25),
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
        type=StackDataset,
        stacks=[f'{made}/valley_3'],
        layers=layers,
        tile=128,
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
        type=StackDataset,
        stacks=[f'{made}/valley_3'],
        layers=layers,
        tile=128,
        pipeline=[
            dict(type=LoadTile, context=64, label_context=False),
            dict(type=PackTile),
        ],
    ),
)
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
