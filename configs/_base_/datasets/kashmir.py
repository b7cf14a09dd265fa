"""Kashmir: terrain and maps of its ground. Owns: layers, factors, categories, loaders, evaluators.

Make the stack: python tools/build_stack.py demo/scenes/kashmir.yaml work_dirs/kashmir
Labels are drawn from the inventory: 5 m beside an outline, and landslides under a pixel (815 m2),
do not count. A quarter of the blocks of 128 pixels (3.7 km) is validation, with 32 pixels (0.9 km)
beside each that belong to nobody. Elevation stays out: it says where a valley is, not its slides.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import LandslideSampler, StackDataset, sample_list
from fusionls.datasets.transforms import LoadTile, PackTile, TurnTile
from fusionls.evaluation.metrics import LandslideMetric

stacks = ['work_dirs/kashmir']
layers = dict(
    terrain=['terrain_slope', 'terrain_hillshade'],
    geology=['geology_class', 'landcover_class', 'geology_fault_distance'],
)
factors = dict(terrain=1, geology=1)
categories = dict(  # printed by tools/datasets/list_classes.py
    geology_class=[2, 3, 6, 7, 8, 18, 19, 20],
    landcover_class=[1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
)
inventory = dict(edge_band=5.0, least_area=815.0)  # m, m2
blocks = dict(scheme='blocks', cell=32, block=4, validation_share=0.25, buffer=1)

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=LandslideSampler, negative_share=0.3, hard=dict(terrain_slope=(30.0, None))),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=StackDataset,
        stacks=stacks,
        layers=layers,
        split='train',
        tile=64,
        **inventory,
        **blocks,
        pipeline=[
            dict(type=LoadTile, context=32, jitter=16),
            dict(type=TurnTile),
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
        stacks=stacks,
        layers=layers,
        split='val',
        tile=64,
        **inventory,
        **blocks,
        pipeline=[
            dict(type=LoadTile, context=32, label_context=False),
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
        stacks=stacks,
        layers=layers,
        split='val',
        tile=64,
        **inventory,
        **blocks,
        pipeline=[
            dict(type=LoadTile, context=32, label_context=False),
            dict(type=PackTile),
        ],
    ),
)
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
