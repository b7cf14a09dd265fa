"""A trained model as the plain function the scene mapper calls.

Flow: inference.scene_predictor (numpy windows) -> [here] -> model -> probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from fusionls.datasets.derived_scene import with_derived
from fusionls.datasets.sample import ModalityInput
from fusionls.datasets.transforms.geometry import turned
from fusionls.errors import InputError, LayerMissingError, nearest_names, raise_together
from fusionls.geo.raster import FloatArray
from fusionls.inference.scene_predictor import Batch, Predict
from fusionls.layers.derivation import is_derivable
from fusionls.stack.layer_stack import LayerStack

LANDSLIDE = 1
"""Class index of landslides in every semantic model of fusionls."""


def seen_by(stack: LayerStack, *models: Any) -> LayerStack:
    """A stack as models were trained to see it.

    Layers that they read and the stack lacks are derived from those it holds, as tiles were in
    training.

    Args:
        stack: The scene.
        *models: Models with our data preprocessor.
    """
    layers: dict[str, list[str]] = {}
    for model in models:
        for name, own in model.data_preprocessor.layers.items():
            layers[name] = list(dict.fromkeys([*layers.get(name, ()), *own]))
    return cast(LayerStack, with_derived(stack, layers))  # it passes on all that a stack can do


def shared_modalities(
    model: Any, stack: LayerStack, asked: Sequence[str] | None = None
) -> list[str]:
    """The modalities to map with.

    Args:
        model: A model with our data preprocessor.
        stack: The scene.
        asked: Use exactly these; by default all that model and stack share.

    Raises:
        LayerMissingError: Nothing is shared, or a modality that was asked for, or a layer of a
            modality that is used, is missing; everything is named.
    """
    layers: dict[str, tuple[str, ...]] = model.data_preprocessor.layers
    names = list(asked) if asked is not None else [m for m in layers if m in stack.modalities]
    problems = []
    for name in names:
        if name not in layers:
            problems.append(f'the model has no modality {name!r}; {nearest_names(name, layers)}')
        elif name not in stack.modalities:
            near = nearest_names(name, stack.modalities)
            problems.append(f'{stack.folder}: no modality {name!r}; {near}')
        else:
            factor, own = model.data_preprocessor.factors[name], stack.modalities[name].factor
            if factor != own:
                problems.append(
                    f'{stack.folder}: {name} has pixels of {own} base pixels, the model reads '
                    f'{factor}; build the stack with `factor: {factor}` for it'
                )
            have = stack.modalities[name].layers
            problems += [
                f'{stack.folder}: {name} has no layer {layer!r}; {_cure(layer, have)}'
                for layer in layers[name]
                if layer not in have
            ]
    if not names:
        problems.append(
            f'{stack.folder} has {", ".join(stack.modalities)}, the model reads '
            f'{", ".join(layers)}: nothing in common'
        )
    raise_together(LayerMissingError, 'the stack does not fit the model', problems)
    return names


def _cure(layer: str, have: Sequence[str]) -> str:
    """What to do about a layer that is not there and does not follow from those that are."""
    near = nearest_names(layer, have)
    return f'{near}; or build the stack with `derive: [{layer}]`' if is_derivable(layer) else near


def model_predictor(
    model: Any, stack: LayerStack, *, turns: int = 1, temperature: float = 1.0
) -> Predict:
    """Wrap a semantic model.

    Args:
        model: A segmentor with our data preprocessor, in evaluation mode.
        stack: The scene; tells layer order, kinds and pixel sizes.
        turns: 1, or 8: the mean over the mirrored and turned windows (each layer turned by its
            kind).
        temperature: Log-odds are divided by it, see ``evaluation.functional.calibration``.

    Raises:
        InputError: ``turns`` is neither 1 nor 8, or the temperature is not positive.
    """
    if turns not in (1, 8):
        raise InputError(f'turns must be 1 or 8, got {turns}')
    if not temperature > 0:
        raise InputError(f'the temperature must be above 0, got {temperature}')
    ways = [(q, m) for m in (False, True) for q in range(4)] if turns == 8 else [(0, False)]

    def predict(batch: Batch) -> FloatArray:
        name, (given, _) = next(iter(batch.items()))
        size = tuple(side * stack.modalities[name].factor for side in given.shape[2:])
        total: FloatArray | None = None
        for quarters, mirror in ways:
            samples = window_samples(model, stack, batch, quarters, mirror)
            shown = size[::-1] if quarters % 2 else size
            probability = _probability(model, samples, shown, temperature)  # (N, H, W), turned
            back = np.rot90(probability, -quarters, (1, 2))
            back = back[:, :, ::-1] if mirror else back
            total = back.copy() if total is None else total + back
        assert total is not None  # ways is never empty
        return np.asarray(total / len(ways), np.float32)

    return predict


def window_samples(
    model: Any, stack: LayerStack, batch: Batch, quarters: int = 0, mirror: bool = False
) -> list[dict[str, ModalityInput]]:
    """Tensors of the layers the model reads, one dict per window, turned and mirrored."""
    count = len(next(iter(batch.values()))[0])
    samples: list[dict[str, ModalityInput]] = [{} for _ in range(count)]
    for modality, (values, valid) in batch.items():
        own = stack.modalities[modality]
        kinds = [own.quantities[name].kind for name in own.layers]
        index = [own.layers.index(name) for name in model.data_preprocessor.layers[modality]]
        for i in range(count):
            v, ok = values[i], valid[i]
            if quarters or mirror:
                pixel = stack.grid.pixel * own.factor
                v, ok = turned(v, ok, own.layers, kinds, quarters, mirror, pixel)
            if ok.any():
                samples[i][modality] = (
                    torch.from_numpy(np.ascontiguousarray(v[index])),
                    torch.from_numpy(np.ascontiguousarray(ok))[None],
                )
    return samples


@torch.no_grad()
def _probability(
    model: Any,
    samples: list[dict[str, ModalityInput]],
    size: tuple[int, ...],
    temperature: float,
) -> FloatArray:
    """(N, H, W) landslide probability of windows of ``size`` = (H, W) base pixels."""
    inputs = model.data_preprocessor({'inputs': samples}, False)['inputs']
    name, (values, _) = next(iter(inputs.items()))
    padded = tuple(side * model.data_preprocessor.factors[name] for side in values.shape[2:])
    meta = {'ori_shape': padded, 'img_shape': padded, 'pad_shape': padded}
    logits: Tensor = model.encode_decode(inputs, [meta] * len(samples)) / temperature
    if logits.shape[1] == 1:
        probability = logits.sigmoid()[:, 0]
    else:
        probability = logits.softmax(1)[:, LANDSLIDE]
    return probability[:, : size[0], : size[1]].float().cpu().numpy()
