"""What has fewer digits than float32 gets its digits; nothing loses any."""

import pytest
import torch

from fusionls.models.precision import single_at_least


@pytest.mark.parametrize(
    ('given', 'found'),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_half_precision_becomes_single_and_the_others_stay(given, found):
    x = torch.arange(4).to(given)
    assert single_at_least(x).dtype == found
    assert torch.equal(single_at_least(x).to(given), x)
