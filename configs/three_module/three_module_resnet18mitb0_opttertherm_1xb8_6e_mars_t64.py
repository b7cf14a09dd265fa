"""Three-module network: transformers read hillshade and elevation, an attention CNN the pictures.

Run: python tools/train.py \
    configs/three_module/three_module_resnet18mitb0_opttertherm_1xb8_6e_mars_t64.py
"""

from mmengine.config import read_base

with read_base():
    from .._base_.models.plain_unet import *
    from .._base_.zoo.semantic import *

from mmseg.models import MixVisionTransformer

from fusionls.models.encoders import PartedEncoder, TimmEncoder
from fusionls.models.fusion import ConvolutionalAttentionFusion

layers['terrain'] = ['terrain_elevation', 'terrain_slope', 'terrain_hillshade']
channels['terrain'] = 3
train_dataloader['dataset'].update(layers=layers)
val_dataloader['dataset'].update(layers=layers)
test_dataloader['dataset'].update(layers=layers)
preprocessor.update(layers=layers)

cnn = dict(
    type=TimmEncoder, name='resnet18', levels=[1, 2, 3, 4], block_args=dict(attn_layer='cbam')
)
transformer = dict(
    type=MixVisionTransformer,
    embed_dims=32,
    num_layers=[2, 2, 2, 2],
    num_heads=[1, 2, 5, 8],
    qkv_bias=True,
    drop_path_rate=0.1,
)
model.update(
    data_preprocessor=preprocessor,
    backbone=dict(
        type=PartedEncoder,
        branches=dict(
            optical=dict(encoder=cnn, channels=4),
            terrain=dict(
                channels=3,
                parts=dict(
                    dem=dict(reads=[0, 1], encoder=transformer),
                    hillshade=dict(reads=[2], encoder=transformer),
                ),
            ),
            thermal=dict(encoder=cnn, channels=1),
        ),
        fusion=dict(type=ConvolutionalAttentionFusion),
    ),
)
model['decode_head'].update(in_channels=[64, 128, 256, 512], widths=[256, 128, 64])
