"""Gradients of a differentiable form, and number types its kernels understand.

mmcv calls a forward and a backward function separately, outside of autograd. The backward
functions here run the differentiable form once more and let autograd do the calculus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def in_kernel_dtype(tensor: Tensor) -> Tensor:
    """Give ``tensor`` in a floating type that torchvision's kernels are built for.

    Args:
        tensor: Any shape, floating point.

    Returns:
        ``tensor`` itself, or as float32 where it is bfloat16, or float16 on a CPU.
    """
    narrow = tensor.dtype == torch.bfloat16 or (
        tensor.dtype == torch.float16 and tensor.device.type == 'cpu'
    )
    return tensor.float() if narrow else tensor


def gradients_of(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], grad_output: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of ``sum(function(*inputs) * grad_output)`` with respect to every input.

    Args:
        function: Differentiable in each of its arguments.
        inputs: What it is called with; any shapes, floating point.
        grad_output: Shape of its result.

    Returns:
        One tensor per input, of its shape.
    """
    with torch.enable_grad():
        leaves = [in_kernel_dtype(tensor).detach().requires_grad_() for tensor in inputs]
        output = function(*leaves)
    return torch.autograd.grad(output, leaves, grad_output.to(output.dtype))
