"""Boxes that may hold an object, from the layers of a tile alone: what R-CNN and Fast R-CNN read.

Flow: a tile -> [here] -> transforms.proposals -> detectors without a proposal network.
Source: Uijlings et al. (2013), "Selective Search for Object Recognition", sec. 3.1 (grouping) and
3.2 (the four similarities, eq. 2 to 6, all with weight 1), from memory of the paper.
Differs: the first regions are basins of the gradient (a watershed from its minima) where the paper
takes those of Felzenszwalb and Huttenlocher (2004); all layers of a tile stand in the place of the
channels of a colour space; one grouping and not 80 of them (transforms.proposals joins several);
nothing is ranked by chance.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionls.geo.raster import BoolArray, FloatArray

COLOUR_BINS = 25
TEXTURE_BINS = 10
DIRECTIONS = 8
SIGMA = 1.0
"""Deviation of the Gaussian whose derivatives tell texture, pixels."""
SPACING = 5
"""Side of the square in which a first region's minimum is the only one, pixels."""


def selective_search(layers: FloatArray, valid: BoolArray, *, least_side: int = 4) -> FloatArray:
    """Boxes of the regions of a tile, grouped from small to large.

    Args:
        layers: (C, H, W) any units; each is stretched to its own range.
        valid: (C, H, W); what stands under other pixels is never looked at.
        least_side: Boxes with a shorter side are left out, pixels.

    Returns:
        (n, 4) float32 left, top, right, bottom, the last two beyond it; the whole tile first,
        then the regions from the last grouping back to the first regions; no box twice.
    """
    stretched = _stretched(layers, valid)
    slopes = np.stack([ndimage.gaussian_filter(stretched, SIGMA, order=o, axes=(1, 2))
                       for o in ((0, 1), (1, 0))])  # fmt: skip
    regions = _first_regions(np.sqrt((slopes**2).sum((0, 1))))
    grouping = _Grouping(regions, _features(stretched, slopes, regions))
    boxes = np.array([(0, 0, *reversed(regions.shape)), *grouping.run()[::-1]], np.float32)
    sides = boxes[:, 2:] - boxes[:, :2]
    boxes = boxes[(sides >= least_side).all(1)]
    _, first = np.unique(boxes, axis=0, return_index=True)
    return np.asarray(boxes[np.sort(first)])


def _stretched(layers: FloatArray, valid: BoolArray) -> FloatArray:
    """Each layer from 0 to 1 over its valid pixels, all but two per cent on each side; else 0."""
    out = np.zeros(layers.shape, np.float32)
    for i, (values, seen) in enumerate(zip(layers, valid, strict=True)):
        if seen.any():
            low, high = np.percentile(values[seen], (2, 98))
            scaled = (values[seen] - low) / max(high - low, np.finfo(np.float32).tiny)
            out[i][seen] = np.clip(scaled, 0, 1)
    return out


def _first_regions(steepness: FloatArray) -> NDArray[np.int64]:
    """(H, W) numbers from 0: basins of the minima of the gradient."""
    lowest = steepness <= ndimage.minimum_filter(steepness, size=SPACING)
    markers, _ = ndimage.label(lowest, structure=np.ones((3, 3)))
    scaled = steepness * (np.iinfo(np.uint16).max / max(float(steepness.max()), 1e-12))
    basins = ndimage.watershed_ift(scaled.astype(np.uint16), markers, structure=np.ones((3, 3)))
    return np.unique(basins, return_inverse=True)[1].reshape(basins.shape)


def _features(
    stretched: FloatArray, slopes: FloatArray, regions: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(R, C * 105) histograms of colour, and of texture behind them; each sums to 1."""
    angles = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    directed = np.tensordot(np.stack([np.cos(angles), np.sin(angles)], 1), slopes, 1)
    rising = np.maximum(directed, 0).reshape(-1, *regions.shape)  # (8 C, H, W)
    texture = (rising / max(float(rising.max()), 1e-12)).astype(np.float32)
    parts = [(stretched, COLOUR_BINS), (texture, TEXTURE_BINS)]
    return np.concatenate([_histograms(planes, regions, bins) for planes, bins in parts], axis=1)


def _histograms(planes: FloatArray, regions: NDArray[np.int64], bins: int) -> NDArray[np.float64]:
    """(R, planes * bins) of values from 0 to 1."""
    count = int(regions.max()) + 1
    place = np.minimum((planes * bins).astype(np.int64), bins - 1)
    place += bins * np.arange(len(planes))[:, None, None]
    width = bins * len(planes)
    flat = (regions * width + place).ravel()
    found = np.bincount(flat, minlength=count * width).reshape(count, width)
    return np.asarray(found / found.sum(1, keepdims=True))


class _Grouping:
    """Regions and which of them touch; grows by one region with each grouping.

    Args:
        regions: (H, W) numbers from 0.
        histograms: (R, bins) of each region.
    """

    def __init__(self, regions: NDArray[np.int64], histograms: NDArray[np.float64]) -> None:
        count = len(histograms)
        places = ndimage.find_objects(regions + 1)
        # room for the regions and for all that are grouped of them: one less
        self.boxes = np.zeros((2 * count - 1, 4), np.int64)
        self.boxes[:count] = [(c.start, r.start, c.stop, r.stop) for r, c in places]
        self.sizes = np.zeros(2 * count - 1)
        self.sizes[:count] = np.bincount(regions.ravel())
        self.histograms = np.zeros((2 * count - 1, histograms.shape[1]))
        self.histograms[:count] = histograms
        self.count = count
        self.pixels = regions.size
        self.neighbours: list[set[int]] = [set() for _ in range(count)]
        for one, other in ((regions[1:], regions[:-1]), (regions[:, 1:], regions[:, :-1])):
            touching = one != other
            for a, b in set(zip(one[touching].tolist(), other[touching].tolist(), strict=True)):
                self.neighbours[a].add(b)
                self.neighbours[b].add(a)

    def run(self) -> NDArray[np.int64]:
        """Boxes of all regions: the first ones, then those grouped, the most alike first."""
        queue: list[tuple[float, int, int]] = []
        for a in range(self.count):
            queue += self._pairs(a, {b for b in self.neighbours[a] if b < a})
        heapq.heapify(queue)
        gone: set[int] = set()
        while queue:
            _, a, b = heapq.heappop(queue)
            if a in gone or b in gone:
                continue
            gone |= {a, b}
            new = self._grouped(a, b)
            for pair in self._pairs(new, self.neighbours[new]):
                heapq.heappush(queue, pair)
        return self.boxes

    def _grouped(self, a: int, b: int) -> int:
        new, both = self.count, [a, b]
        self.count += 1
        self.sizes[new] = self.sizes[both].sum()
        self.histograms[new] = self.sizes[both] @ self.histograms[both] / self.sizes[new]
        self.boxes[new] = self._around(a, np.array([b]))[0]
        near = (self.neighbours[a] | self.neighbours[b]) - {a, b}
        self.neighbours.append(near)
        for other in near:
            self.neighbours[other] = (self.neighbours[other] - {a, b}) | {new}
        return new

    def _around(self, one: int, others: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n, 4) boxes around a region and each of some others."""
        low = np.minimum(self.boxes[one, :2], self.boxes[others, :2])
        high = np.maximum(self.boxes[one, 2:], self.boxes[others, 2:])
        return np.concatenate([low, high], axis=1)

    def _pairs(self, one: int, others: set[int]) -> list[tuple[float, int, int]]:
        """A region with each of its neighbours, behind how unlike they are: eq. 2 to 6."""
        if not others:
            return []
        near = np.array(sorted(others))
        around = self._around(one, near)
        sizes = self.sizes[near] + self.sizes[one]
        empty = np.prod(around[:, 2:] - around[:, :2], axis=1) - sizes
        common = np.minimum(self.histograms[near], self.histograms[one]).sum(1)
        alike = common + (1 - sizes / self.pixels) + (1 - empty / self.pixels)
        return [(-s, one, b) for s, b in zip(alike.tolist(), near.tolist(), strict=True)]
