"""How far one answer is from another, softened by a temperature.

Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", sec. 2 and
eq. 1, where the gradient of softened targets is scaled by the square of the temperature.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def mean_divergence(
    student: Tensor, teacher: Tensor, weight: Tensor, temperature: float = 1.0
) -> Tensor:
    """T^2 KL(p || q), mean over pixels, with p and q the softmax of logits over T.

    Args:
        student: Logits (N, classes, h, w) of q.
        teacher: Logits (N, classes, h, w) of p; they get no gradient.
        weight: (N, h, w), what each pixel counts.
        temperature: T; large ones compare the logits themselves, 1 the probabilities.

    Returns:
        A scalar, zero where nothing counts.
    """
    target = (teacher.detach() / temperature).log_softmax(1)
    answer = (student / temperature).log_softmax(1)
    found = F.kl_div(answer, target, reduction='none', log_target=True).sum(1)  # (N, h, w)
    mean: Tensor = (found * weight).sum() / weight.sum().clamp_min(1e-6)
    return temperature**2 * mean
