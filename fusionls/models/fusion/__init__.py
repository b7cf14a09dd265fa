"""Fusion operators: features of several branches at one level become one feature map."""

from fusionls.models.fusion.attentional import AttentionalFusion
from fusionls.models.fusion.base import AcrossBranches, BaseExchange, BaseFusion, InterleavedFusion
from fusionls.models.fusion.cmx import CmxFusion, Rectification
from fusionls.models.fusion.compensating import CompensatingFusion
from fusionls.models.fusion.concat import ConcatFusion
from fusionls.models.fusion.constrained import ConstrainedFusion
from fusionls.models.fusion.convolutional_attention import ConvolutionalAttentionFusion
from fusionls.models.fusion.evidential import EvidentialFusion
from fusionls.models.fusion.gated import GatedFusion
from fusionls.models.fusion.gemini import GeminiFusion, PlaceExchange
from fusionls.models.fusion.hub import HubFusion
from fusionls.models.fusion.side_by_side import SideBySideFusion
from fusionls.models.fusion.squeeze_excitation import SqueezeExcitationFusion
from fusionls.models.fusion.stitch import Adapters, StitchFusion
from fusionls.models.fusion.sum import SumFusion
from fusionls.models.fusion.token_exchange import TokenExchange, TokenExchangeFusion

__all__ = [
    'AcrossBranches',
    'Adapters',
    'AttentionalFusion',
    'BaseExchange',
    'BaseFusion',
    'CmxFusion',
    'CompensatingFusion',
    'ConcatFusion',
    'ConstrainedFusion',
    'ConvolutionalAttentionFusion',
    'EvidentialFusion',
    'GatedFusion',
    'GeminiFusion',
    'HubFusion',
    'InterleavedFusion',
    'PlaceExchange',
    'Rectification',
    'SideBySideFusion',
    'SqueezeExcitationFusion',
    'StitchFusion',
    'SumFusion',
    'TokenExchange',
    'TokenExchangeFusion',
]
