"""Segmentors of ours beside mmseg's ``EncoderDecoder``."""

from fusionls.models.segmentors.self_distilled import SelfDistilledSegmentor

__all__ = ['SelfDistilledSegmentor']
