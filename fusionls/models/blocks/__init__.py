"""Blocks: pieces that several encoders, necks and heads are made of."""

from fusionls.models.blocks.atrous_pyramid import AtrousPyramid
from fusionls.models.blocks.attention import Cbam
from fusionls.models.blocks.balanced_pair import BalancedPair
from fusionls.models.blocks.convolutions import Chain, ConvPair
from fusionls.models.blocks.residual import (
    ResidualAttention,
    ResidualDense,
    ResidualStem,
    ResidualUnit,
)
from fusionls.models.blocks.scale_attention import ScaleAttention
from fusionls.models.blocks.transformers import EfficientTransformer, TokenTransformer
from fusionls.models.blocks.upsampling import (
    BilinearUpsampling,
    DataDependentUpsampling,
    FlowAlignment,
    TransposedUpsampling,
)

__all__ = [
    'AtrousPyramid',
    'BalancedPair',
    'BilinearUpsampling',
    'Cbam',
    'Chain',
    'ConvPair',
    'DataDependentUpsampling',
    'EfficientTransformer',
    'FlowAlignment',
    'ResidualAttention',
    'ResidualDense',
    'ResidualStem',
    'ResidualUnit',
    'ScaleAttention',
    'TokenTransformer',
    'TransposedUpsampling',
]
