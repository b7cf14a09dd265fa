"""Features of a box on a fixed grid: RoIAlign (mean or maximum) and RoIPool.

Source: He et al. (2017), Mask R-CNN, section 3 (RoIAlign; the mean is
``torchvision.ops.roi_align``); Girshick (2015), Fast R-CNN, section 2.1 (RoIPool).
Boxes are rows (sample, x1, y1, x2, y2) in image pixels; ``spatial_scale`` takes them to pixels
of the feature map.
Differs: ``torchvision.ops.roi_pool`` rounds the box to whole pixels first and mmcv does not,
so RoIPool is written out here. From mmcv: a bin without any sample is 0 and has no gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision import ops as tv

from fusionls.ops.gradients import gradients_of, in_kernel_dtype

MAXIMUM = 0  # mmcv's pool_mode; 1 is the mean
_NOWHERE = -2.0  # farther than one pixel outside of every map, so it weighs nothing


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Write bilinear samples of every box, pooled per bin, into ``output``.

    Args:
        input: (N, C, H, W).
        rois: (K, 5), sample and box in image pixels.
        output: (K, C, aligned_height, aligned_width), written.
        argmax_y: Shape of ``output``, written where ``pool_mode`` is 0: row of the largest
            sample, pixels of the feature map.
        argmax_x: The same, column.
        aligned_height: Rows of bins.
        aligned_width: Columns of bins.
        spatial_scale: Feature pixels per image pixel.
        sampling_ratio: Samples per bin and axis; 0 for as many as feature pixels.
        pool_mode: 0 maximum, 1 mean.
        aligned: Pixel centres lie at half-integers (shift by half a pixel); otherwise boxes
            are also at least one feature pixel wide.
    """
    features = in_kernel_dtype(input)
    rois = rois.to(features.dtype)
    bins = (aligned_height, aligned_width)
    if pool_mode != MAXIMUM:
        pooled = tv.roi_align(features, rois, bins, spatial_scale, sampling_ratio, aligned)
        output.copy_(pooled)
        return
    batch = rois[:, 0].long().tolist()
    for index, sample in enumerate(batch):
        rows, columns = _sample_positions(
            rois[index], bins, spatial_scale, sampling_ratio, aligned
        )  # (bins, samples per bin) each
        if rows.numel() == 0 or columns.numel() == 0:
            output[index] = 0
            argmax_y[index] = argmax_x[index] = _NOWHERE
            continue
        values = _bilinear_grid(features[sample], rows.flatten(), columns.flatten())
        values = values.unflatten(2, columns.shape).unflatten(1, rows.shape)
        values = values.transpose(2, 3).flatten(3)  # (C, h, w, samples per bin)
        largest, where = values.max(3)
        row_in_bin, column_in_bin = where // columns.shape[1], where % columns.shape[1]
        bin_row = torch.arange(bins[0], device=rows.device)[:, None]
        bin_column = torch.arange(bins[1], device=rows.device)
        output[index] = largest
        argmax_y[index] = rows[bin_row, row_in_bin]
        argmax_x[index] = columns[bin_column, column_in_bin]


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Add the gradient with respect to the features to ``grad_input``.

    Args:
        grad_output: (K, C, aligned_height, aligned_width).
        rois: (K, 5), as in the forward call, like all that follow.
        argmax_y: As written by the forward call.
        argmax_x: As written by the forward call.
        grad_input: (N, C, H, W), added to.
        aligned_height: Rows of bins.
        aligned_width: Columns of bins.
        spatial_scale: Feature pixels per image pixel.
        sampling_ratio: Samples per bin and axis.
        pool_mode: 0 maximum, 1 mean.
        aligned: Pixel centres lie at half-integers.
    """
    if pool_mode != MAXIMUM:
        anywhere = in_kernel_dtype(torch.zeros_like(grad_input))  # linear: same gradient at 0
        bins = (aligned_height, aligned_width)
        (gradient,) = gradients_of(
            lambda features: tv.roi_align(
                features, rois.to(features.dtype), bins, spatial_scale, sampling_ratio, aligned
            ),
            [anywhere],
            grad_output,
        )
        grad_input.add_(gradient)
        return
    height, width = grad_input.shape[2:]
    plane = _planes(rois, grad_input)[:, :, None, None] * (height * width)
    for row, row_weight in _neighbours(argmax_y, height):
        for column, column_weight in _neighbours(argmax_x, width):
            share = grad_output * row_weight * column_weight
            _add_at(grad_input, plane + row * width + column, share)


def roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Write the largest feature of every bin of every box into ``output``.

    Bins reach to whole feature pixels and may overlap by one; a box's last image pixel
    belongs to it.

    Args:
        input: (N, C, H, W).
        rois: (K, 5), sample and box in image pixels.
        output: (K, C, pooled_height, pooled_width), written; 0 where a bin is empty.
        argmax: Shape of ``output``, written: row * W + column of the largest, or -1.
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Feature pixels per image pixel.
    """
    height, width = input.shape[2:]
    output.zero_()
    argmax.fill_(-1)
    batch = rois[:, 0].long().tolist()
    rows = _bin_edges(rois[:, 2], rois[:, 4], pooled_height, spatial_scale, height)
    columns = _bin_edges(rois[:, 1], rois[:, 3], pooled_width, spatial_scale, width)
    for index, sample in enumerate(batch):
        top = min(start for start, _ in rows[index])
        bottom = max(stop for _, stop in rows[index])
        if bottom <= top:
            continue
        band = input[sample, :, top:bottom]  # (C, rows of the box, W)
        for column, (left, right) in enumerate(columns[index]):
            if right <= left:
                continue
            row_largest, row_where = band[:, :, left:right].max(2)  # (C, rows of the box)
            for row, (start, stop) in enumerate(rows[index]):
                if stop <= start:
                    continue
                largest, where = row_largest[:, start - top : stop - top].max(1)  # (C,)
                where = where + start - top
                in_row = row_where.gather(1, where[:, None])[:, 0]
                output[index, :, row, column] = largest
                argmax[index, :, row, column] = ((where + top) * width + in_row + left).int()


def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Add each bin's gradient to the pixel that was its largest.

    Args:
        grad_output: (K, C, pooled_height, pooled_width).
        rois: (K, 5), as in the forward call.
        argmax: As written by the forward call.
        grad_input: (N, C, H, W), added to.
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Feature pixels per image pixel; ``argmax`` already tells.
    """
    height, width = grad_input.shape[2:]
    plane = _planes(rois, grad_input)[:, :, None, None] * (height * width)
    full = argmax >= 0
    _add_at(grad_input, plane + argmax.clamp(min=0), grad_output * full)


def _planes(rois: Tensor, maps: Tensor) -> Tensor:
    """(K, C): which of the N * C planes of ``maps`` each channel of each box lies on."""
    channels = maps.shape[1]
    return rois[:, :1].long() * channels + torch.arange(channels, device=maps.device)


def _add_at(maps: Tensor, flat_index: Tensor, values: Tensor) -> None:
    added = torch.zeros_like(maps).flatten()
    added.index_add_(0, flat_index.flatten(), values.flatten().to(maps.dtype))
    maps.add_(added.view_as(maps))


def _sample_positions(
    roi: Tensor, bins: tuple[int, int], scale: float, ratio: int, aligned: bool
) -> tuple[Tensor, Tensor]:
    """Rows (h, samples) and columns (w, samples) of the samples, feature pixels."""
    shift = 0.5 if aligned else 0.0
    positions = []
    for low, high, count in ((roi[2], roi[4], bins[0]), (roi[1], roi[3], bins[1])):
        start = low * scale - shift
        extent = high * scale - shift - start
        if not aligned:
            extent = extent.clamp(min=1)
        side = extent / count
        samples = ratio if ratio > 0 else max(int(side.ceil()), 0)
        steps = torch.arange(count, device=roi.device, dtype=roi.dtype)[:, None]
        within = torch.arange(samples, device=roi.device, dtype=roi.dtype) + 0.5
        positions.append(start + side * steps + within * side / max(samples, 1))
    return positions[0], positions[1]


def _neighbours(position: Tensor, size: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """The two pixels beside ``position`` on an axis of ``size`` pixels, with their weights.

    Positions up to one pixel outside take the value of the border; beyond, weights are 0.
    """
    inside = (position >= -1) & (position <= size)
    clamped = position.clamp(0, size - 1)
    low = clamped.floor()
    above = clamped - low
    low_index = low.long()
    high_index = (low_index + 1).clamp(max=size - 1)
    return (low_index, (1 - above) * inside), (high_index, above * inside)


def _bilinear_grid(features: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(C, R, S) values of (C, H, W) ``features`` at every row with every column."""
    height, width = features.shape[1:]
    (low, low_weight), (high, high_weight) = _neighbours(rows, height)
    bands = features[:, low] * low_weight[:, None] + features[:, high] * high_weight[:, None]
    (low, low_weight), (high, high_weight) = _neighbours(columns, width)
    return bands[:, :, low] * low_weight + bands[:, :, high] * high_weight


def _bin_edges(
    low: Tensor, high: Tensor, bins: int, scale: float, size: int
) -> list[list[tuple[int, int]]]:
    """For every box, start and stop pixel of every bin on one axis, clipped to the map."""
    start = (low * scale)[:, None]
    side = ((high + 1) * scale - low * scale)[:, None] / bins
    steps = torch.arange(bins, device=low.device, dtype=low.dtype)
    starts = (steps * side + start).floor().clamp(0, size).long()
    stops = ((steps + 1) * side + start).ceil().clamp(0, size).long()
    stops = torch.where(side > 0, stops, starts)  # a box turned inside out has empty bins
    return [
        list(zip(*edges, strict=True))
        for edges in zip(starts.tolist(), stops.tolist(), strict=True)
    ]
