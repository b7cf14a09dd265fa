"""Paste landslides of other tiles, where the ground is alike.

What is honest about it: a landslide belongs to its slope. Its colours, its velocity along the
line of sight and the light on it are those of ground that falls as steeply to the same side; so
it is pasted only where mean slope and aspect agree. By default what the surface sensors saw is
pasted and the terrain stays that of the tile, as an elevation model from before the event shows
it. Where the elevation is pasted too, it is the form that travels: its heights are put on the
ground around the place, and what compares cells or is lit is derived again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose
from scipy import ndimage

from fusionls.datasets.transforms.cuttings import Cutting, cut_out, put_on
from fusionls.datasets.transforms.derived import follows_the_grid
from fusionls.datasets.transforms.warp import SURFACES
from fusionls.errors import LayerMissingError
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.layers.catalog import stem_of
from fusionls.layers.derivation import halo_of, rederived
from fusionls.layers.terrain import horn_gradient
from fusionls.registry import TRANSFORMS

FLAT = 3.0
"""Degrees; ground flatter than this falls to no side that would matter."""
_DRAWS = 8  # tiles drawn before there is none with a landslide
_SAME = 1e-3  # share by which pixels may differ and still be the same


@TRANSFORMS.register_module()
class PasteLandslides(BaseTransform):
    """Paste a landslide of another tile of the data set where slope and aspect agree.

    Nothing is pasted onto mapped landslides, beyond what was mapped, or where no place agrees;
    nor a landslide of which a pasted modality shows less than half. A pasted pixel is valid where
    it is in both tiles: neither an island of data in a hole nor a hole of its shape betrays it.
    Put it before transforms that change the scale, and before ``DeriveLayers``.

    Source: Dwibedi, Misra and Hebert 2017, Cut, Paste and Learn; Ghiasi et al. 2021, Simple
    Copy-Paste. Differs: the place is not drawn blindly, see the module.

    Required Keys: dataset, inputs, labels, layers, kinds, pixels, rng; instances and
    instances_ignored where they are

    Modified Keys: inputs, labels, instances, instances_ignored

    Args:
        pipeline: Transforms that read the other tile, as ``LoadTile`` and ``TurnTile``.
        modalities: What is pasted.
        most_slope: Degrees by which the mean slopes may differ.
        most_aspect: Degrees by which the mean aspects may differ.
        probability: Of trying.
        attempts: Places tried.
        least_pixels: Smaller landslides, in base pixels, are not pasted.

    Raises:
        LayerMissingError: No modality of the tile holds an elevation to compare the ground by.
    """

    def __init__(
        self,
        *,
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]],
        modalities: Sequence[str] = ('optical', 'radar', 'thermal', 'insar'),
        most_slope: float = 5.0,
        most_aspect: float = 30.0,
        probability: float = 0.5,
        attempts: int = 32,
        least_pixels: int = 16,
    ) -> None:
        self.pipeline = Compose(list(pipeline))
        self.modalities = tuple(modalities)
        self.most_slope = most_slope
        self.most_aspect = most_aspect
        self.probability = probability
        self.attempts = attempts
        self.least_pixels = least_pixels

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Paste; see the class."""
        rng: np.random.Generator = results['rng']
        own = np.random.default_rng(int(rng.integers(2**63)))
        if own.random() >= self.probability:
            return results
        other = self._other_tile(results, own)
        if other is None or not _fits(other, results, self.modalities):
            return results
        step = max(_factors(results).values())
        cutting = cut_out(other['labels'], step, self.least_pixels, own)
        if cutting is None or not self._shows(cutting, other, results):
            return results
        place = self._place(cutting, other, results, own)
        if place is not None:
            self._paste(cutting, place, other, results)
        return results

    def _other_tile(
        self, results: Mapping[str, Any], rng: np.random.Generator
    ) -> dict[str, Any] | None:
        """Another tile with a landslide, read by the pipeline; None where none was drawn."""
        dataset = results['dataset']
        for _ in range(_DRAWS):
            info = dataset.get_data_info(int(rng.integers(len(dataset))))
            if info.get('landslide', 1.0) > 0:
                read: dict[str, Any] | None = self.pipeline(
                    {**info, 'dataset': dataset, 'rng': rng}
                )
                return read
        return None

    def _shows(
        self, cutting: Cutting, other: Mapping[str, Any], results: Mapping[str, Any]
    ) -> bool:
        """Whether every modality that is pasted shows half of the landslide at least."""
        shown = [m for m in self.modalities if m in results['inputs']]
        for modality in shown:
            if modality not in other['inputs']:
                return False
            factor = _factors(results)[modality]
            valid = other['inputs'][modality][1][cutting.at(cutting.row, cutting.col, factor)]
            mask = cutting.of(factor)
            if valid[mask].sum() < mask.sum() / 2:
                return False
        return bool(shown)

    def _place(
        self,
        cutting: Cutting,
        other: Mapping[str, Any],
        results: Mapping[str, Any],
        rng: np.random.Generator,
    ) -> tuple[int, int] | None:
        """Row and column of the box where the ground is alike; None where none was found."""
        factors = _factors(results)
        modality, step = _with_surface(results), max(factors.values())
        if modality not in other['inputs']:
            return None
        mask = cutting.of(factors[modality])
        east, north, sound = _rise(results, modality)
        its_east, its_north, its_sound = _rise(other, modality)
        home = cutting.at(cutting.row, cutting.col, factors[modality])
        under = mask & its_sound[home]
        if not under.any():
            return None
        fall = its_east[home][under].mean(), its_north[home][under].mean()
        touching = ndimage.binary_dilation(cutting.mask, iterations=2)
        rows, cols = (
            (n - b) // step for n, b in zip(results['labels'].shape, touching.shape, strict=True)
        )
        if rows < 0 or cols < 0:
            return None
        for row, col in zip(
            rng.integers(0, rows + 1, self.attempts) * step,
            rng.integers(0, cols + 1, self.attempts) * step,
            strict=True,
        ):
            labels = results['labels'][cutting.at(row, col, 1)]
            if (labels[cutting.mask] != 0).any() or (labels[touching] == 1).any():
                continue
            here = cutting.at(row, col, factors[modality])
            under = mask & sound[here]
            if under.sum() < mask.sum() / 2:
                continue
            if self._alike(fall, (east[here][under].mean(), north[here][under].mean())):
                return int(row), int(col)
        return None

    def _alike(self, one: tuple[float, float], other: tuple[float, float]) -> bool:
        """Whether two mean gradients agree in slope and aspect."""
        slopes = [np.degrees(np.arctan(np.hypot(*gradient))) for gradient in (one, other)]
        if abs(slopes[0] - slopes[1]) > self.most_slope:
            return False
        turn = np.degrees(np.arctan2(one[0], one[1]) - np.arctan2(other[0], other[1]))
        return bool(max(slopes) < FLAT or abs((turn + 180) % 360 - 180) <= self.most_aspect)

    def _paste(
        self,
        cutting: Cutting,
        place: tuple[int, int],
        other: Mapping[str, Any],
        results: dict[str, Any],
    ) -> None:
        factors = _factors(results)
        inputs = dict(results['inputs'])
        for modality in self.modalities:
            if modality not in inputs:
                continue
            factor = factors[modality]
            values, valid = (array.copy() for array in inputs[modality])
            mask, here = cutting.of(factor), cutting.at(*place, factor)
            layers = results['layers'][modality]
            home = cutting.at(cutting.row, cutting.col, factor)
            index = [other['layers'][modality].index(name) for name in layers]
            theirs, sound = other['inputs'][modality]
            theirs, sound = theirs[index, *home], sound[home] & valid[here]
            for i, name in enumerate(layers):
                if stem_of(name) in SURFACES:
                    theirs[i] = put_on(theirs[i], values[i, *here], sound, mask)
            values[:, *here] = np.where(mask, theirs * sound, values[:, *here])
            valid[here] = np.where(mask, sound, valid[here])
            _derive_again(values, valid, results, modality, here)
            inputs[modality] = (values, valid)
        results['inputs'] = inputs
        landslide = np.zeros(results['labels'].shape, bool)
        landslide[cutting.at(*place, 1)] = cutting.mask
        results['labels'] = np.where(landslide, np.uint8(1), results['labels'])
        if 'instances' in results:
            results['instances'] = np.concatenate([results['instances'], landslide[None]])
            results['instances_ignored'] = np.append(results['instances_ignored'], False)


def _derive_again(
    values: FloatArray,
    valid: BoolArray,
    results: Mapping[str, Any],
    modality: str,
    here: tuple[slice, slice],
) -> None:
    """Light and layers of neighbouring cells in and around a pasted box, in place."""
    layers, kinds = results['layers'][modality], results['kinds'][modality]
    again = [n for n, kind in zip(layers, kinds, strict=True) if follows_the_grid(n, kind)]
    if not again or not SURFACES.intersection(map(stem_of, layers)):
        return
    planes = {n: (values[i], valid) for i, n in enumerate(layers) if n not in again}
    pixel = results['pixels'][modality]
    reach = halo_of(again, planes, pixel)
    around = tuple(slice(max(s.start - reach, 0), s.stop + reach) for s in here)
    for name, plane in rederived(again, planes, pixel).items():
        values[(layers.index(name), *around)] = plane[around]


def _factors(results: Mapping[str, Any]) -> dict[str, int]:
    """Pixel of each modality shown, base pixels."""
    return {m: len(results['labels']) // len(ok) for m, (_, ok) in results['inputs'].items()}


def _fits(other: Mapping[str, Any], results: Mapping[str, Any], modalities: Sequence[str]) -> bool:
    """Whether another tile has the pixels and, of what is pasted, the layers of this one."""
    mine, its = _factors(results), _factors(other)
    for modality in mine:
        apart = other['pixels'][modality] / results['pixels'][modality] - 1
        if abs(apart) > _SAME or its.get(modality, mine[modality]) != mine[modality]:
            return False
        lacking = set(results['layers'][modality]) - set(other['layers'][modality])
        if lacking and modality in modalities:
            return False
    return True


def _with_surface(results: Mapping[str, Any]) -> str:
    """The modality with the finest elevation."""
    found = [
        (results['pixels'][m], m)
        for m in results['inputs']
        if SURFACES.intersection(map(stem_of, results['layers'][m]))
    ]
    if not found:
        raise LayerMissingError(
            'PasteLandslides compares the ground of two tiles and finds no elevation '
            f'({", ".join(sorted(SURFACES))}) in any modality; keep one in the stack'
        )
    return min(found)[1]


def _rise(results: Mapping[str, Any], modality: str) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Rise of a modality's ground toward the east and the north, and where it is valid."""
    layers = results['layers'][modality]
    surface = next(i for i, name in enumerate(layers) if stem_of(name) in SURFACES)
    values, valid = results['inputs'][modality]
    return horn_gradient(values[surface], valid, results['pixels'][modality])
