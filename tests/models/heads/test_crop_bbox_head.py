"""Each crop is judged for itself, by a network that weighs what AlexNet weighs."""

import torch
from torchvision.models import alexnet

from fusionls.models.heads import CropBBoxHead


def test_a_crop_is_judged_alike_in_any_company_and_by_what_it_shows():
    torch.manual_seed(0)
    head = CropBBoxHead(num_classes=1).eval()
    crops = torch.randn(3, 3, 64, 80)
    scores, boxes = head(crops)
    assert scores.shape == (3, 2)
    assert boxes.shape == (3, 4)
    alone, _ = head(crops[1:2])
    torch.testing.assert_close(alone[0], scores[1])
    assert not torch.allclose(scores[0], scores[1])


def test_it_weighs_what_alexnet_weighs_with_six_outputs_for_its_thousand():
    with torch.device('meta'):
        head, whole = CropBBoxHead(num_classes=1), alexnet(weights=None)
    count = sum(p.numel() for p in head.parameters())
    assert count == sum(p.numel() for p in whole.parameters()) + (6 - 1000) * (4096 + 1)
