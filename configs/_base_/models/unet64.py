"""The U-Net of Ronneberger et al. 2015, of 64 channels at full size. Owns: encoder, model.

A leaf adds data_preprocessor and backbone.
"""

from mmengine.config import read_base

with read_base():
    from .plain_unet import *

from fusionls.models.blocks import TransposedUpsampling
from fusionls.models.encoders import UNetEncoder

encoder = dict(type=UNetEncoder, widths=[64, 128, 256, 512, 1024])
model['decode_head'].update(
    in_channels=[64, 128, 256, 512, 1024],
    widths=[512, 256, 128, 64],
    upsampling=dict(type=TransposedUpsampling),
)
