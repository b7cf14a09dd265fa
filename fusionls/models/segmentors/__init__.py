"""Segmentors of ours beside mmseg's ``EncoderDecoder``."""

from fusionls.models.segmentors.distilled import DistilledSegmentor
from fusionls.models.segmentors.pixel_classifier import PixelClassifier
from fusionls.models.segmentors.screened import ScreenedSegmentor
from fusionls.models.segmentors.self_distilled import SelfDistilledSegmentor

__all__ = [
    'DistilledSegmentor',
    'PixelClassifier',
    'ScreenedSegmentor',
    'SelfDistilledSegmentor',
]
