"""mmdet's ResNet-50 over stacked layers, trained from scratch. Owns: norm, encoder, backbone.

A leaf adds the channels of the backbone. Differs from mmdet's configs: nothing is frozen and batch
norms learn, since no weights of photographs are loaded.
"""

from mmdet.models import ResNet
from torch.nn import BatchNorm2d

from fusionls.models.encoders import StackedEncoder

norm = dict(type=BatchNorm2d)
encoder = dict(type=ResNet, depth=50, norm_cfg=norm, norm_eval=False)
backbone = dict(type=StackedEncoder, encoder=encoder)
