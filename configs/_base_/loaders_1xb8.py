"""Loaders of eight tiles, evaluators. A base of a data set adds the data sets.

Owns: train_dataloader ... test_dataloader, val_evaluator, test_evaluator.
"""

from mmengine.dataset import DefaultSampler

from fusionls.datasets import sample_list
from fusionls.evaluation.metrics import LandslideMetric

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=sample_list),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
)
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    collate_fn=dict(type=sample_list),
)
val_evaluator = dict(type=LandslideMetric)
test_evaluator = dict(type=LandslideMetric)
