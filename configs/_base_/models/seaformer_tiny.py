"""SeaFormer-T and its light head, two classes. Owns: seaformer, light_head."""

from mmseg.models import CrossEntropyLoss

from fusionls.models.encoders import SeaFormer
from fusionls.models.heads import SeaFormerHead

seaformer = dict(type=SeaFormer, variant='tiny')
light_head = dict(
    type=SeaFormerHead,
    in_channels=[32, 128, 160],
    widths=[64, 96],
    num_classes=2,
    loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
)
