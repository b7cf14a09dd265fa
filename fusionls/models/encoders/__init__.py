"""Encoders: any registered backbone at any channel count, one per modality or one for all."""

from fusionls.models.encoders.coordinate_mobilenet import CoordinateMobileNet
from fusionls.models.encoders.csp_darknet_encoder import CspDarknetEncoder
from fusionls.models.encoders.ghost_darknet import GhostDarknet
from fusionls.models.encoders.hybrid_vit import HybridVitEncoder
from fusionls.models.encoders.multi_branch import MultiBranchEncoder
from fusionls.models.encoders.parted import PartedEncoder
from fusionls.models.encoders.patch_pyramid import PatchPyramid
from fusionls.models.encoders.picture_encoder import PictureEncoder
from fusionls.models.encoders.pixel_features import PixelFeatures
from fusionls.models.encoders.plain_cnn import PlainCnn
from fusionls.models.encoders.seaformer import SeaFormer
from fusionls.models.encoders.stacked import StackedEncoder
from fusionls.models.encoders.timm_encoder import TimmEncoder
from fusionls.models.encoders.timm_trunk import TimmTrunk
from fusionls.models.encoders.topped import ToppedEncoder
from fusionls.models.encoders.unet_encoder import UNetEncoder

__all__ = [
    'CoordinateMobileNet',
    'CspDarknetEncoder',
    'GhostDarknet',
    'HybridVitEncoder',
    'MultiBranchEncoder',
    'PartedEncoder',
    'PatchPyramid',
    'PictureEncoder',
    'PixelFeatures',
    'PlainCnn',
    'SeaFormer',
    'StackedEncoder',
    'TimmEncoder',
    'TimmTrunk',
    'ToppedEncoder',
    'UNetEncoder',
]
