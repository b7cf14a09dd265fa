"""A tile classifier as the plain function that screens the windows of a scene.

Flow: inference.scene_predictor (numpy windows) -> [here: cut to the classifier's tiles] -> model
-> probability that a window holds a landslide: of its surest tile.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fusionls.errors import InputError
from fusionls.inference.model_predictor import shared_modalities, window_samples
from fusionls.inference.scene_predictor import Batch
from fusionls.inference.screening import Screen
from fusionls.models.screening import cut_inputs, tile_probability
from fusionls.stack.layer_stack import LayerStack


def model_screen(model: Any, stack: LayerStack, shown: list[str], tile: int) -> Screen:
    """Wrap a tile classifier, or a segmentor that has one as its ``screen``.

    Windows of which it sees nothing (its modalities are not valid there) have probability 1: what
    cannot be screened is mapped.

    Args:
        model: With our data preprocessor, in evaluation mode.
        stack: The scene.
        shown: The modalities that the map is made from; the classifier sees those it knows.
        tile: Side of the tiles it was trained on, base pixels.

    Raises:
        LayerMissingError: It knows none of these modalities, or a layer is missing.
        InputError: Tiles of this side cut the pixels of a coarse modality; or the model judges no
            tiles.
    """
    known = model.data_preprocessor.layers
    names = shared_modalities(model, stack, [name for name in shown if name in known])
    factors = {name: stack.modalities[name].factor for name in names}
    if tile < 1 or any(tile % factor for factor in factors.values()):
        raise InputError(
            f'tiles of {tile} pixels for the screen cut pixels of {factors} base pixels; use a '
            'multiple of all of these'
        )
    classifier = getattr(model, 'screen', model)
    if getattr(classifier, 'head', None) is None:
        raise InputError(
            f'a {type(model).__name__} judges no tiles; a screen is an ImageClassifier, such as '
            'those of configs/tile_resnet'
        )

    @torch.no_grad()
    def screen(batch: Batch) -> NDArray[np.floating]:
        samples = window_samples(model, stack, {name: batch[name] for name in names})
        probability = np.ones(len(samples), np.float32)
        tiles: list[dict[str, Any]] = []
        owners: list[int] = []
        for number, sample in enumerate(samples):
            cut = cut_inputs(sample, tile, factors)
            for place in range(len(next(iter(cut.values()))[0]) if cut else 0):
                one = {m: (v[place], ok[place]) for m, (v, ok) in cut.items() if ok[place].any()}
                if one:
                    tiles.append(one)
                    owners.append(number)
        if tiles:
            inputs = model.data_preprocessor({'inputs': tiles}, False)['inputs']
            found = tile_probability(classifier, inputs).float().cpu().numpy()
            probability[owners] = 0
            np.maximum.at(probability, owners, found)
        return probability

    return screen
