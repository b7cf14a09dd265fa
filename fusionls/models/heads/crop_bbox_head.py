"""A whole network for each crop: the second half of R-CNN.

Source: Girshick et al. (2014), "Rich Feature Hierarchies for Accurate Object Detection and
Semantic Segmentation", sec. 2.1 and 2.3 and fig. 1; the network is torchvision's AlexNet.
Differs: one softmax and one regression are learned with the network, where the paper fits a
support vector machine and a ridge regression on its features afterwards (its appendix B found a
softmax some three points worse; from memory); crops are as large as the RoI layer makes them, not
227 pixels, without a border of context.
"""

from __future__ import annotations

from typing import Any

from mmdet.models import BBoxHead
from torch import Tensor
from torchvision.models import alexnet

from fusionls.registry import MODELS

FEATURES = 4096
"""Width of AlexNet's last hidden layer, fc7."""


@MODELS.register_module()
class CropBBoxHead(BBoxHead):
    """Class and box of each crop by an AlexNet, without weights of photographs.

    Args:
        **options: Those of mmdet's ``BBoxHead``, but what its input is like.

    Shapes:
        - input: (K, 3, h, w), 63 pixels or more a side
        - output: scores (K, classes + 1), boxes (K, 4 classes)
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(in_channels=FEATURES, roi_feat_size=1, **options)
        network = alexnet(weights=None)
        network.classifier = network.classifier[:-1]  # down to fc7
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Judge."""
        scores, boxes = super().forward(self.network(x))
        return scores, boxes
