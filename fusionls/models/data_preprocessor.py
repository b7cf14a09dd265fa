"""Samples of the loader become one batch on the device: checked, padded, normalised, masked.

Flow: datasets.transforms.packing -> [here] -> models.encoders.
Invalid pixels become zero *after* normalisation, so that they equal the mean of their layer and
whatever stood under them is gone before the first convolution.
The statistics live in buffers: they are fitted once from training tiles by the hook
``FitLayerStatistics`` and travel in the checkpoint, so no config holds a mean or a deviation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from fusionls.datasets.sample import FusedInputs, ModalityInput
from fusionls.errors import (
    BandCountError,
    GridMismatchError,
    InputError,
    LayerMissingError,
    NoModalityError,
    nearest_names,
    raise_together,
)
from fusionls.registry import MODELS

IGNORED_LABEL = 255
"""Label of pixels that count neither in the loss nor in a metric (mmseg's convention)."""


@MODELS.register_module()
class FusionDataPreprocessor(BaseDataPreprocessor):
    """Data preprocessor of every fusionls model, whatever the task.

    Args:
        layers: Layer names per modality, in channel order: what the model reads.
        factors: Pixel size per modality in base pixels; 1 where not named.
        size_divisor: Tiles are padded (to the right and below, invalid) to multiples of this
            many base pixels; itself a multiple of every factor.
        limit: Normalised values are clipped to plus and minus this many deviations.
        categories: Class codes by layer name, for layers that hold classes. Each code becomes a
            channel of its own, 1 where the pixel is of that class and 0 elsewhere, in the place
            of the layer; it is never normalised. A pixel of a class that is not listed is 0 in
            all of them. The first convolution over them is a learned embedding of the classes.
        batch_augments: None. mmpretrain's ``ImageClassifier`` hands it to every preprocessor.

    Shapes:
        - input: ``data['inputs']``, a list of samples, each ``{modality: (values (C, H/f, W/f),
          valid (1, H/f, W/f))}``; a modality may be absent from a sample.
        - output: ``inputs``, ``{modality: (values (N, C, H'/f, W'/f), valid (N, 1, H'/f, W'/f))}``
          with the modalities present in at least one sample; C is :attr:`widths` of it.

    Raises:
        InputError: ``categories`` names a layer that is not read, or a code twice; or tiles were
            to be mixed by ``batch_augments``.
        NoModalityError: A sample has no modality.
        LayerMissingError: A sample has a modality this model does not know.
        BandCountError: A modality has another number of channels than ``layers`` says.
        GridMismatchError: Shapes within a sample do not fit each other.

    Example:
        >>> preprocessor = FusionDataPreprocessor(layers={'terrain': ['terrain_slope']})
        >>> sorted(preprocessor.layers)
        ['terrain']
    """

    def __init__(
        self,
        *,
        layers: Mapping[str, Sequence[str]],
        factors: Mapping[str, int] | None = None,
        size_divisor: int = 32,
        limit: float = 10.0,
        categories: Mapping[str, Sequence[int]] | None = None,
        batch_augments: None = None,
    ) -> None:
        super().__init__()
        if batch_augments is not None:
            raise InputError(
                f'batch_augments (train_cfg of the classifier) is {batch_augments}: tiles of '
                'several modalities cannot be mixed; leave it out and augment in the pipeline'
            )
        if not layers or not all(layers.values()):
            raise InputError(f'a model needs at least one layer per modality, got {dict(layers)}')
        self.layers = {modality: tuple(names) for modality, names in layers.items()}
        unknown = sorted(set(factors or {}) - set(layers))
        if unknown:
            raise InputError(f'factors name {unknown}; {nearest_names(unknown[0], layers)}')
        self.factors = {modality: (factors or {}).get(modality, 1) for modality in self.layers}
        cut = [m for m, factor in self.factors.items() if size_divisor % factor]
        if cut:
            raise InputError(
                f'size_divisor {size_divisor} cuts the pixels of {", ".join(cut)} (factors '
                f'{self.factors}); use {math.lcm(size_divisor, *self.factors.values())}'
            )
        self.size_divisor = size_divisor
        self.limit = limit
        self.categories = {name: tuple(codes) for name, codes in (categories or {}).items()}
        raise_together(
            InputError,
            'categories cannot be used',
            _category_problems(self.categories, self.layers),
        )
        self.register_buffer('fitted', torch.zeros(()))
        for modality, names in self.layers.items():
            self.register_buffer(f'mean_{modality}', torch.zeros(len(names)))
            self.register_buffer(f'deviation_{modality}', torch.ones(len(names)))

    @property
    def widths(self) -> dict[str, int]:
        """Channels of each modality as the encoders see it: one per layer, or per class."""
        return {
            modality: sum(len(self.categories.get(name, (0,))) for name in names)
            for modality, names in self.layers.items()
        }

    def set_statistics(self, statistics: Mapping[str, tuple[float, float]]) -> None:
        """Take mean and deviation per layer name; both in the layer's unit.

        Layers of classes need none.

        Raises:
            LayerMissingError: A layer of the model has no statistics.
        """
        statistics = {**statistics, **dict.fromkeys(self.categories, (0.0, 1.0))}
        missing = [n for names in self.layers.values() for n in names if n not in statistics]
        if missing:
            raise LayerMissingError(f'no statistics for {missing}; have {sorted(statistics)}')
        for modality, names in self.layers.items():
            means, deviations = zip(*(statistics[name] for name in names), strict=True)
            self.get_buffer(f'mean_{modality}').copy_(torch.tensor(means))
            self.get_buffer(f'deviation_{modality}').copy_(torch.tensor(deviations))
        self.fitted.fill_(1.0)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Collate, pad, normalise; see the class for shapes and errors."""
        samples: Sequence[FusedInputs] = self.cast_data(data['inputs'])
        data_samples = self.cast_data(data.get('data_samples'))
        sizes = self._checked_sizes(samples)
        if not self.fitted:
            raise InputError(
                'the model has no layer statistics yet: load a checkpoint, or train with the hook '
                'FitLayerStatistics (configs/_base_/default_runtime.py has it)'
            )
        divisor = self.size_divisor
        height = -(-max(rows for rows, _ in sizes) // divisor) * divisor
        width = -(-max(cols for _, cols in sizes) // divisor) * divisor
        inputs = {
            modality: self._batch(modality, samples, (height, width))
            for modality in self.layers
            if any(modality in sample for sample in samples)
        }
        if data_samples is not None:
            for data_sample, size in zip(data_samples, sizes, strict=True):
                _pad_targets(data_sample, size, (height, width))
        return {'inputs': inputs, 'data_samples': data_samples}

    def _checked_sizes(self, samples: Sequence[FusedInputs]) -> list[tuple[int, int]]:
        """Height and width of each sample on the base grid, after checking what came."""
        unknown = sorted({m for sample in samples for m in sample} - set(self.layers))
        if unknown:
            raise LayerMissingError(
                f'the model has no branch for {", ".join(unknown)}; '
                f'{nearest_names(unknown[0], self.layers)}'
            )
        wrong: dict[str, int] = {}
        sizes = []
        for number, sample in enumerate(samples):
            if not sample:
                raise NoModalityError(
                    f'sample {number} has no modality; give at least one of '
                    f'{", ".join(self.layers)}'
                )
            for modality, (values, valid) in sample.items():
                if values.shape[0] != len(self.layers[modality]):
                    wrong[modality] = values.shape[0]
                if valid.shape != (1, *values.shape[1:]):
                    raise GridMismatchError(
                        f'{modality}: valid is {tuple(valid.shape)}, values are '
                        f'{tuple(values.shape)}; expected (1, H, W) beside (C, H, W)'
                    )
            on_base = {
                modality: (
                    values.shape[1] * self.factors[modality],
                    values.shape[2] * self.factors[modality],
                )
                for modality, (values, _) in sample.items()
            }
            rows, cols = next(iter(on_base.values()))
            if len(set(on_base.values())) > 1:
                raise GridMismatchError(
                    f'sample {number}: modalities cover different areas, in base pixels: '
                    + ', '.join(f'{m} {r} x {c}' for m, (r, c) in on_base.items())
                    + f'. The model counts pixels of {self.factors} base pixels; build the stack '
                    'with these factors, or change `factors` in the config.'
                )
            sizes.append((rows, cols))
        raise_together(
            BandCountError,
            'bands do not fit the config',
            [
                f'{modality}: got {found} bands, expected {len(self.layers[modality])} '
                f'({", ".join(self.layers[modality])})'
                for modality, found in wrong.items()
            ],
            'Give the data set and the data preprocessor the same `layers`.',
        )
        return sizes

    def _batch(
        self,
        modality: str,
        samples: Sequence[FusedInputs],
        size: tuple[int, int],
    ) -> ModalityInput:
        """Stack one modality; samples without it are all invalid."""
        factor = self.factors[modality]
        channels = len(self.layers[modality])
        shape = (size[0] // factor, size[1] // factor)
        values = self.fitted.new_zeros((len(samples), channels, *shape))  # (N, C, h, w)
        valid = torch.zeros(
            (len(samples), 1, *shape), dtype=torch.bool, device=self.fitted.device
        )  # (N, 1, h, w)
        for i, sample in enumerate(samples):
            if modality in sample:
                given, given_valid = sample[modality]
                values[i, :, : given.shape[1], : given.shape[2]] = given
                valid[i, :, : given.shape[1], : given.shape[2]] = given_valid
        classes = self._classes(modality, values)
        mean = self.get_buffer(f'mean_{modality}')[:, None, None]
        deviation = self.get_buffer(f'deviation_{modality}')[:, None, None]
        values.sub_(mean).div_(deviation).clamp_(-self.limit, self.limit)
        if classes:
            parts = [classes.get(i, values[:, i : i + 1]) for i in range(channels)]
            values = torch.cat(parts, dim=1)  # (N, widths, h, w)
        return values.masked_fill_(~valid, 0.0), valid

    def _classes(self, modality: str, values: Tensor) -> dict[int, Tensor]:
        """One channel per class (N, codes, h, w), by the place of the layer among the channels."""
        return {
            i: torch.stack([values[:, i] == code for code in self.categories[name]], 1).to(values)
            for i, name in enumerate(self.layers[modality])
            if name in self.categories
        }


def _category_problems(
    categories: Mapping[str, Sequence[int]], layers: Mapping[str, Sequence[str]]
) -> list[str]:
    """What is wrong with class codes."""
    known = [name for names in layers.values() for name in names]
    problems = []
    for name, codes in categories.items():
        if name not in known:
            problems.append(f'no layer {name!r}; {nearest_names(name, known)}')
        if not codes or len(set(codes)) < len(codes):
            problems.append(f'{name}: expected one code at least, each once; got {list(codes)}')
    return problems


def _pad_targets(data_sample: Any, size: tuple[int, int], padded: tuple[int, int]) -> None:
    """Pad labels and masks to the batch's size and note the sizes where the heads look."""
    bottom, right = padded[0] - size[0], padded[1] - size[1]
    data_sample.set_metainfo(
        {
            'img_shape': size,
            'ori_shape': size,
            'pad_shape': padded,
            'batch_input_shape': padded,
            'scale_factor': (1.0, 1.0),
            'img_padding_size': [0, right, 0, bottom],
        }
    )
    if 'gt_sem_seg' in data_sample:
        for name, label in data_sample.gt_sem_seg.items():  # mmseg's data, or mmdet's sem_seg
            # what was padded once (a batch that is shown again) is cut back first
            cut: Tensor = label[..., : size[0], : size[1]]
            delattr(data_sample.gt_sem_seg, name)
            padding = (0, right, 0, bottom)
            setattr(data_sample.gt_sem_seg, name, F.pad(cut, padding, value=IGNORED_LABEL))
    if 'gt_instances' in data_sample and 'masks' in data_sample.gt_instances:
        data_sample.gt_instances.masks = data_sample.gt_instances.masks.pad(padded, pad_val=0)
