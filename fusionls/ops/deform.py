# ruff: noqa: N803 -- mmcv calls its compiled functions by these keywords
"""Deformable convolution, plain and modulated, with all gradients.

Source: Dai et al. (2017), Deformable Convolutional Networks, eq. 2; Zhu et al. (2019),
Deformable ConvNets v2, eq. 1 (the mask). Computed by ``torchvision.ops.deform_conv2d``, whose
offsets have mmcv's order: (row, column) per kernel cell, cell by cell, group by group.
Differs from mmcv: ``im2col_step`` and the buffers ``columns`` and ``ones`` are not used;
torchvision splits the batch itself, with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torchvision import ops as tv

from fusionls.errors import InputError
from fusionls.ops.gradients import gradients_of, in_kernel_dtype


@dataclass(frozen=True)
class _Sliding:
    """How the kernel moves: (row, column) pairs, pixels."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    def convolve(
        self,
        input: Tensor,
        offset: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        return tv.deform_conv2d(
            input, offset, weight, bias, self.stride, self.padding, self.dilation, mask
        )


def deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Write the deformable convolution of ``input`` into ``output``.

    Args:
        input: (N, C, H, W).
        weight: (D, C / group, kH, kW).
        offset: (N, deformable_group * kH * kW * 2, H', W'), pixels, (row, column) pairs.
        output: (N, D, H', W'), written.
        columns: Not used.
        ones: Not used.
        kW: Kernel columns.
        kH: Kernel rows.
        dW: Stride along a row, pixels.
        dH: Stride down a column, pixels.
        padW: Zero columns added on both sides.
        padH: Zero rows added on both sides.
        dilationW: Pixels between kernel columns.
        dilationH: Pixels between kernel rows.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share offsets.
        im2col_step: Not used.

    Raises:
        InputError: The tensors do not fit the groups.
    """
    _check_groups('deform_conv', input, weight, offset, group, deformable_group)
    sliding = _Sliding((dH, dW), (padH, padW), (dilationH, dilationW))
    output.copy_(sliding.convolve(*map(in_kernel_dtype, (input, offset, weight))))


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradInput: Tensor,
    gradOffset: Tensor,
    weight: Tensor,
    columns: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Add the gradients of input and offset to ``gradInput`` and ``gradOffset``.

    Args as :func:`deform_conv_forward`; ``gradOutput`` has the shape of its ``output``.

    Raises:
        InputError: The tensors do not fit the groups.
    """
    _check_groups('deform_conv', input, weight, offset, group, deformable_group)
    sliding = _Sliding((dH, dW), (padH, padW), (dilationH, dilationW))
    fixed = in_kernel_dtype(weight)
    gradients = gradients_of(
        lambda features, shifts: sliding.convolve(features, shifts, fixed),
        [input, offset],
        gradOutput,
    )
    gradInput.add_(gradients[0])
    gradOffset.add_(gradients[1])


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradWeight: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    scale: float,
    im2col_step: int,
) -> None:
    """Add ``scale`` times the gradient of the weight to ``gradWeight``.

    Args as :func:`deform_conv_forward`; ``gradOutput`` has the shape of its ``output``.

    Raises:
        InputError: The tensors do not fit the groups.
    """
    _check_groups('deform_conv', input, gradWeight, offset, group, deformable_group)
    sliding = _Sliding((dH, dW), (padH, padW), (dilationH, dilationW))
    features, shifts = in_kernel_dtype(input), in_kernel_dtype(offset)
    (gradient,) = gradients_of(
        lambda weight: sliding.convolve(features, shifts, weight),
        [gradWeight.new_zeros(gradWeight.shape)],  # linear in the weight: same gradient at 0
        gradOutput,
    )
    gradWeight.add_(gradient, alpha=scale)


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Write the modulated deformable convolution of ``input`` into ``output``.

    Args:
        input: (N, C, H, W).
        weight: (D, C / group, kernel_h, kernel_w).
        bias: (D,); not used unless ``with_bias``.
        ones: Not used.
        offset: (N, deformable_group * kernel_h * kernel_w * 2, H', W'), pixels.
        mask: (N, deformable_group * kernel_h * kernel_w, H', W'), factor of each sample.
        output: (N, D, H', W'), written.
        columns: Not used.
        kernel_h: Kernel rows.
        kernel_w: Kernel columns.
        stride_h: Stride down a column, pixels.
        stride_w: Stride along a row, pixels.
        pad_h: Zero rows added on both sides.
        pad_w: Zero columns added on both sides.
        dilation_h: Pixels between kernel rows.
        dilation_w: Pixels between kernel columns.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share offsets and masks.
        with_bias: Add ``bias``.

    Raises:
        InputError: The tensors do not fit the groups.
    """
    _check_groups('modulated_deform_conv', input, weight, offset, group, deformable_group)
    sliding = _Sliding((stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w))
    features, shifts, kernel, factors = map(in_kernel_dtype, (input, offset, weight, mask))
    added = in_kernel_dtype(bias) if with_bias else None
    output.copy_(sliding.convolve(features, shifts, kernel, added, factors))


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Add all gradients to the ``grad_*`` tensors; ``grad_bias`` only ``with_bias``.

    Args as :func:`modulated_deform_conv_forward`; ``grad_output`` has the shape of its
    ``output``, each other ``grad_*`` the shape of what it is named for.

    Raises:
        InputError: The tensors do not fit the groups.
    """
    _check_groups('modulated_deform_conv', input, weight, offset, group, deformable_group)
    sliding = _Sliding((stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w))
    gradients = gradients_of(
        lambda features, shifts, kernel, factors: sliding.convolve(
            features, shifts, kernel, mask=factors
        ),
        [input, offset, weight, mask],
        grad_output,
    )
    grad_input.add_(gradients[0])
    grad_offset.add_(gradients[1])
    grad_weight.add_(gradients[2])
    grad_mask.add_(gradients[3])
    if with_bias:
        grad_bias.add_(grad_output.sum((0, 2, 3)))


def _check_groups(
    name: str, input: Tensor, weight: Tensor, offset: Tensor, group: int, deformable_group: int
) -> None:
    """Refuse what torchvision, which infers the groups from the shapes, would take otherwise."""
    planes = weight.shape[1] * group
    if input.shape[1] != planes:
        raise InputError(
            f'{name}: the input has {input.shape[1]} channels, but a weight of shape '
            f'{tuple(weight.shape)} in {group} groups takes {planes}'
        )
    shifts = deformable_group * 2 * weight.shape[2] * weight.shape[3]
    if offset.shape[1] != shifts:
        raise InputError(
            f'{name}: the offset has {offset.shape[1]} channels, but {deformable_group} '
            f'deformable groups of a {weight.shape[2]} x {weight.shape[3]} kernel take {shifts}'
        )
