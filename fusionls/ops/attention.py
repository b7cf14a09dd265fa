"""Multi-scale deformable attention: a weighted sum of samples from several levels.

Source: Zhu et al. (2021), Deformable DETR, eq. 3. Samples are bilinear, zero outside of a
level; a location (x, y) in [0, 1] spans the level from edge to edge.
Differs from mmcv: ``im2col_step`` is not used; the batch is one piece.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from fusionls.ops.gradients import gradients_of, in_kernel_dtype


def ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Attend to samples of ``value``.

    Args:
        value: (N, K, heads, D), the levels' pixels row by row, level after level.
        spatial_shapes: (L, 2) int64, rows and columns of every level.
        level_start_index: (L,) int64, where in K each level starts.
        sampling_locations: (N, Q, heads, L, P, 2), (x, y) in parts of a level's sides.
        attention_weights: (N, Q, heads, L, P).
        im2col_step: Not used.

    Returns:
        (N, Q, heads * D), in the type of ``value``.
    """
    values, locations, weights = map(
        in_kernel_dtype, (value, sampling_locations, attention_weights)
    )
    shapes, starts = spatial_shapes.tolist(), level_start_index.tolist()
    with torch.no_grad():
        attended = _attend(values, locations, weights, shapes, starts)
    return attended.to(value.dtype)


def ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Add the gradients to the three ``grad_*`` tensors.

    Args:
        value: As in the forward call, like the four that follow.
        spatial_shapes: (L, 2).
        level_start_index: (L,).
        sampling_locations: (N, Q, heads, L, P, 2).
        attention_weights: (N, Q, heads, L, P).
        grad_output: (N, Q, heads * D).
        grad_value: Shape of ``value``, added to.
        grad_sampling_loc: Shape of ``sampling_locations``, added to.
        grad_attn_weight: Shape of ``attention_weights``, added to.
        im2col_step: Not used.
    """
    shapes, starts = spatial_shapes.tolist(), level_start_index.tolist()
    gradients = gradients_of(
        lambda values, locations, weights: _attend(values, locations, weights, shapes, starts),
        [value, sampling_locations, attention_weights],
        grad_output,
    )
    grad_value.add_(gradients[0])
    grad_sampling_loc.add_(gradients[1])
    grad_attn_weight.add_(gradients[2])


def _attend(
    value: Tensor,
    locations: Tensor,
    weights: Tensor,
    shapes: list[list[int]],
    starts: list[int],
) -> Tensor:
    samples, _, heads, channels = value.shape
    queries = locations.shape[1]
    grids = locations.transpose(1, 2).flatten(0, 1) * 2 - 1  # (N * heads, Q, L, P, 2)
    parts = weights.transpose(1, 2).flatten(0, 1)  # (N * heads, Q, L, P)
    attended = value.new_zeros(samples * heads, channels, queries)
    for level, ((rows, columns), start) in enumerate(zip(shapes, starts, strict=True)):
        pixels = value[:, start : start + rows * columns]  # (N, K_l, heads, D)
        plane = pixels.permute(0, 2, 3, 1).reshape(samples * heads, channels, rows, columns)
        sampled = F.grid_sample(
            plane, grids[:, :, level], mode='bilinear', padding_mode='zeros', align_corners=False
        )  # (N * heads, D, Q, P)
        attended = attended + (sampled * parts[:, None, :, level]).sum(-1)
    by_head = attended.view(samples, heads * channels, queries)
    return by_head.transpose(1, 2).contiguous()  # (N, Q, heads * D)
