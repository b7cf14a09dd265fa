"""What is joined is every step of the decoder at the size of the finest."""

import torch
import torch.nn.functional as F

from fusionls.models.heads import MultiScaleUNetHead


def made():
    torch.manual_seed(0)
    head = MultiScaleUNetHead(
        in_channels=[4, 6, 8], widths=[5, 3], num_classes=2, dropout_ratio=0.0
    )
    levels = [torch.randn(2, c, *s) for c, s in ((4, (15, 21)), (6, (7, 10)), (8, (3, 5)))]
    return head, tuple(levels)


def test_logits_come_from_all_steps():
    head, levels = made()
    head = head.eval()
    coarse, fine = head.decoded(levels)
    wide = F.interpolate(coarse, size=(15, 21), mode='bilinear', align_corners=False)
    expected = head.conv_seg(head.join(torch.cat([wide, fine], 1)))
    torch.testing.assert_close(head(levels), expected)


def test_every_weight_gets_a_gradient():
    head, levels = made()
    head(levels).square().sum().backward()
    assert all(bool((p.grad != 0).any()) for p in head.parameters())
