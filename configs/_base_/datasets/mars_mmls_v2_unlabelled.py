"""The Mars tiles without their labels, for pre-training. Owns: layers, factors, train_dataloader.

Training columns only: the ground that later tests is not seen here either.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import MarsMmlsV2Dataset, sample_list
from fusionls.datasets.transforms import LoadTile, PackTile, TurnTile

root = 'mars_mmls_v2'  # under $FUSIONLS_REAL_DATA or data/
layers = dict(
    optical=['optical_red', 'optical_green', 'optical_blue', 'optical_grey'],
    terrain=['terrain_elevation', 'terrain_slope'],
    thermal=['thermal_inertia'],
)
factors = dict(optical=1, terrain=1, thermal=1)
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
    dataset=dict(
        type=MarsMmlsV2Dataset,
        root=root,
        layers=layers,
        labelled=False,
        split='train',
        tile=96,
        step=128,
        pipeline=[dict(type=LoadTile, jitter=64), dict(type=TurnTile), dict(type=PackTile)],
    ),
)
