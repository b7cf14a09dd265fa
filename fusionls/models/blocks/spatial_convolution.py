"""A k x k convolution with its norm and activation: dense, in groups, or depthwise separable."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule

from fusionls.errors import InputError

NORM = dict(type='BN')
"""Batch norm, in mmcv's words."""


class Spatial(StrEnum):
    """How the channels of a k x k convolution mix.

    ``dense``: each output reads every input, k k C D weights. ``grouped``: only those of its group
    (Krizhevsky et al. 2012), k k C D / g. ``separable``: k x k within each channel, then 1 x 1
    across them (Howard et al. 2017, "MobileNets", sec. 3.1), k k C + C D.
    """

    DENSE = 'dense'
    GROUPED = 'grouped'
    SEPARABLE = 'separable'


def spatial_convolution(
    inputs: int,
    outputs: int,
    *,
    kind: str = Spatial.DENSE,
    side: int = 3,
    stride: int = 1,
    groups: int = 4,
    act: dict[str, Any] | None,
) -> ConvModule | DepthwiseSeparableConvModule:
    """A convolution from (N, ``inputs``, H, W) to (N, ``outputs``, H / stride, W / stride).

    Args:
        inputs: Channels read.
        outputs: Channels made.
        kind: One of :class:`Spatial`.
        side: k, odd.
        stride: Step.
        groups: g of ``grouped``; the other kinds have none.
        act: Activation, in mmcv's words; none where None.

    Raises:
        InputError: ``kind`` is unknown, or g does not divide the channels.
    """
    if kind not in list(Spatial):
        raise InputError(
            f'convolution kind {kind!r} is unknown; expected one of {", ".join(Spatial)}'
        )
    shared: dict[str, Any] = dict(
        stride=stride, padding=side // 2, norm_cfg=NORM, act_cfg=act, bias=False
    )
    if kind == Spatial.SEPARABLE:
        return DepthwiseSeparableConvModule(inputs, outputs, side, **shared)
    if kind == Spatial.GROUPED:
        if inputs % groups or outputs % groups:
            raise InputError(
                f'{groups} groups do not divide {inputs} channels in and {outputs} out; use a '
                'number of groups that does'
            )
        shared['groups'] = groups
    return ConvModule(inputs, outputs, side, **shared)
