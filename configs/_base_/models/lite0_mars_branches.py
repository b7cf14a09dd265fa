"""A Lite0 branch for each modality of the Mars tiles. Owns: branches, and what lite0 owns."""

from mmengine.config import read_base

with read_base():
    from .lite0 import *

branches = dict(
    optical=dict(encoder=encoder, channels=4, pretrained=weights),
    terrain=dict(encoder=encoder, channels=2, pretrained=weights),
    thermal=dict(encoder=encoder, channels=1, pretrained=weights),
)
