"""ResNet-50 with three convolutions as stem, dilated to stride 8. Owns: encoder."""

from mmseg.models import ResNetV1c
from torch.nn import BatchNorm2d

encoder = dict(
    type=ResNetV1c,
    depth=50,
    strides=(1, 2, 1, 1),
    dilations=(1, 1, 2, 4),
    contract_dilation=True,
    norm_cfg=dict(type=BatchNorm2d),
)
