"""Landslides: how large, what shape, how thick, how they change the ground, and where they lie.

Flow: terrain and cover -> [here] -> sensors, inventory.
Sources:
    Areas: inverse gamma distribution of Malamud et al. (2004), ESPL 29, 687-711, eq. 3, with
        rho = 1.40, a = 1.28e-3 km2, s = -1.32e-4 km2; cut at what each kind's sensor resolves.
    Volumes: V = 0.074 A^1.450 (m3, m2), Guzzetti et al. (2009), EPSL 279, 222-229.
Differs: the scaled volume is all that moves; what is taken out of the upper part of the ground is
    a share of it (:data:`RELIEF_SHARE`), because a slide rarely leaves its scar. The shares, the
    shapes and the hummocks are choices of this simulation, not measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.ndimage import binary_dilation, binary_fill_holes, label
from scipy.stats import invgamma

from fusionls.simulation.fields import (
    Field,
    Mask,
    aspect_degrees,
    slope_degrees,
    smooth_noise,
    smoothstep,
)
from fusionls.simulation.radar import BLIND_BELOW, downslope_visibility


class SlideKind(StrEnum):
    """What a landslide is, and so which sensor sees it."""

    FRESH = 'fresh'  # shallow debris slide of the last months: bare soil, thin
    OLD = 'old'  # deep, at rest for centuries, under forest: scarp and hummocks
    SLOW = 'slow'  # deep, creeping under grass: moves, shows little else


AREAS = {
    SlideKind.FRESH: (3_000.0, 30_000.0),
    SlideKind.OLD: (6_000.0, 60_000.0),
    SlideKind.SLOW: (8_000.0, 60_000.0),
}
"""Least and largest area, m2: from 120 optical, 240 LiDAR and 20 InSAR pixels upward."""
RELIEF_SHARE = {SlideKind.FRESH: 0.08, SlideKind.OLD: 0.45, SlideKind.SLOW: 0.05}
"""Share of the scaled volume that left the zone of depletion."""
HUMMOCKS = {SlideKind.FRESH: 0.12, SlideKind.OLD: 1.9, SlideKind.SLOW: 0.15}
"""Standard deviation of the roughness of the body, metres."""
ELONGATION = {SlideKind.FRESH: (2.0, 3.8), SlideKind.OLD: (1.2, 2.2), SlideKind.SLOW: (1.3, 2.4)}
"""Length over width."""
BULKING = 1.15
"""Volume of the deposit over volume of the depletion: porosity grows as the mass breaks up."""
SPEEDS = (0.010, 0.060)
"""Downslope speed of slow landslides, m/yr: very slow in the sense of Cruden and Varnes (1996)."""
LEAST_LOS_SPEED = 0.008
"""Least line-of-sight speed of a slow landslide, m/yr; a slower one would be under the noise."""


@dataclass(frozen=True)
class Landslide:
    """One true landslide.

    Attributes:
        id: Its number in the truth raster, from 1.
        kind: Fresh, old or slow.
        area_m2: Area of its pixels.
        volume_m3: Volume taken from the zone of depletion.
        slope: Mean slope of the hillside it is on, degrees.
        aspect: Direction it goes to, degrees clockwise from north.
        speed: Downslope speed, m/yr; 0 unless slow.
        visibility: Share C of the speed in the line of sight, positive toward the satellite.
    """

    id: int
    kind: SlideKind
    area_m2: float
    volume_m3: float
    slope: float
    aspect: float
    speed: float
    visibility: float

    @property
    def los_velocity(self) -> float:
        """Line-of-sight velocity of the middle of the body, m/yr, positive toward."""
        return self.speed * self.visibility


@dataclass(frozen=True)
class Body:
    """The footprint of a landslide in a rectangle of the scene.

    Attributes:
        rows: Rows of the rectangle.
        cols: Columns.
        inside: (h, w), the footprint.
        along: (h, w), 0 at the crown, 1 at the toe.
        depth: (h, w), 0 on the outline, 1 in the middle.
    """

    rows: slice
    cols: slice
    inside: Mask
    along: Field
    depth: Field


def draw_areas(kind: SlideKind, count: int, rng: np.random.Generator) -> Field:
    """Areas of ``count`` landslides, m2, largest first; see the head of the module."""
    sizes = invgamma(1.40, loc=-132.0, scale=1280.0)
    low, high = sizes.cdf(AREAS[kind])
    return np.sort(sizes.ppf(rng.uniform(low, high, count)))[::-1]


def scaled_volume(area: float) -> float:
    """Volume of a landslide, m3, from its area, m2 (Guzzetti et al. 2009)."""
    return 0.074 * area**1.450


def make_body(
    kind: SlideKind,
    area: float,
    centre: tuple[int, int],
    aspect: float,
    shape: tuple[int, ...],
    pixel: float,
    rng: np.random.Generator,
) -> Body | None:
    """Lay a drop (fresh) or an ellipse (old, slow) with a ragged outline down the slope.

    Args:
        kind: Of the landslide.
        area: Wanted, m2.
        centre: Row and column of its middle.
        aspect: Direction of the toe, degrees clockwise from north.
        shape: Of the scene.
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        None where it would hang over the edge of the scene.
    """
    ratio = rng.uniform(*ELONGATION[kind])
    length = np.sqrt(area * ratio * 4 / np.pi)
    width = length / ratio
    reach = int(0.62 * np.hypot(length, width) / pixel) + 3
    row, col = centre
    if min(row, col) < reach or row + reach >= shape[0] or col + reach >= shape[1]:
        return None
    steps = np.arange(-reach, reach + 1) * pixel
    north, east = np.meshgrid(-steps, steps, indexing='ij')
    toward = np.radians(aspect)
    down = east * np.sin(toward) + north * np.cos(toward)
    across = east * np.cos(toward) - north * np.sin(toward)
    across = across + rng.uniform(-0.12, 0.12) * width * (2 * down / length) ** 2  # a bend
    along = down / length + 0.5
    half = np.sqrt(np.clip(4 * along * (1 - along), 1e-9, None)) * width / 2
    half *= (0.6 + 0.75 * along) if kind is SlideKind.FRESH else (1.08 - 0.16 * along)
    depth = 1 - (across / half) ** 2
    ragged = smooth_noise(rng, depth.shape, 14.0 / pixel)
    depth = np.where((along > 0) & (along < 1), depth + 0.16 * ragged, -1.0)
    parts, _ = label(depth > 0)
    if not parts[reach, reach]:
        return None
    inside = binary_fill_holes(parts == parts[reach, reach])
    return Body(
        slice(row - reach, row + reach + 1),
        slice(col - reach, col + reach + 1),
        inside,
        along,
        np.clip(depth, 0.02, 1.0),
    )


def ground_change(
    kind: SlideKind, body: Body, pixel: float, rng: np.random.Generator
) -> tuple[Field, float]:
    """How a landslide changes the height of the ground it sits on.

    The upper third is taken out behind a scarp, the mass lies on the lower part with ridges along
    its flanks (levees) and a bulging toe, and the body is rough. What is laid down is
    :data:`BULKING` times what is taken out; the roughness adds nothing.

    Args:
        kind: Of the landslide.
        body: Its footprint.
        pixel: Metres.
        rng: Source of randomness.

    Returns:
        The change (h, w) in metres, zero outside the body, and the volume taken out, m3.
    """
    area = float(body.inside.sum()) * pixel**2
    volume = RELIEF_SHARE[kind] * scaled_volume(area)
    taken = body.depth**0.3 * (1 - smoothstep(body.along, 0.25, 0.48)) * body.inside
    levees = 1 + 0.9 * np.exp(-(((body.depth - 0.3) / 0.15) ** 2))
    toe = 1 + 0.6 * np.exp(-(((body.along - 0.85) / 0.1) ** 2))
    laid = body.depth**0.5 * smoothstep(body.along, 0.40, 0.62) * levees * toe * body.inside
    rough = smooth_noise(rng, body.depth.shape, 9.0 / pixel) * HUMMOCKS[kind]
    rough *= body.inside * np.sqrt(body.depth)
    rough -= laid * rough.sum() / laid.sum()
    cell = pixel**2
    change = (
        -taken * volume / (taken.sum() * cell)
        + laid * BULKING * volume / (laid.sum() * cell)
        + rough
    )
    return change, volume


@dataclass
class Placed:
    """What placing yields: the truth raster, the new ground, the motion and the list."""

    truth: np.ndarray  # (rows, cols) uint16, id of the landslide, 0 elsewhere
    ground: Field  # metres, with all landslides
    ground_without_fresh: Field  # metres, as before the last event
    los_motion: Field  # m/yr, toward the satellite
    landslides: list[Landslide]


def place_landslides(
    ground: Field,
    habitats: dict[SlideKind, Mask],
    pixel: float,
    rng: np.random.Generator,
) -> Placed:
    """Lay landslides on hillsides of 15 to 40 degrees, some 5 on a square kilometre.

    A place is right when the whole body is on ground of its kind (``habitats``), clear of other
    landslides, and, for a slow one, on a hillside whose downslope motion the radar sees
    (|C| >= 0.3). Landslides that find no place are left out.

    Args:
        ground: (rows, cols), metres.
        habitats: Where a kind may lie, by cover.
        pixel: Metres.
        rng: Source of randomness.
    """
    hillside = 25.0 / pixel  # scale at which a landslide feels the slope
    slope = slope_degrees(ground, pixel, hillside)
    aspect = aspect_degrees(ground, pixel, hillside)
    visibility = downslope_visibility(slope, aspect)
    result = Placed(
        np.zeros(ground.shape, np.uint16), ground.copy(), ground.copy(), np.zeros(ground.shape), []
    )
    taken = np.zeros(ground.shape, dtype=bool)
    square_km = ground.size * pixel**2 / 1e6
    each = max(1, round(rng.uniform(1.7, 2.2) * square_km))
    wanted = [(float(a), kind) for kind in SlideKind for a in draw_areas(kind, each, rng)]
    limits = {SlideKind.FRESH: (18, 40), SlideKind.OLD: (15, 38), SlideKind.SLOW: (15, 34)}
    fit = {k: habitats[k] & (slope >= low) & (slope <= high) for k, (low, high) in limits.items()}
    fit[SlideKind.SLOW] &= np.abs(visibility) >= BLIND_BELOW
    places = {kind: np.argwhere(mask) for kind, mask in fit.items()}
    for area, kind in sorted(wanted, reverse=True):
        body = _find_place(kind, area, places[kind], habitats[kind] & ~taken, aspect, pixel, rng)
        if body is None:
            continue
        area_of = (body.rows, body.cols)
        middle = (
            body.rows.start + body.inside.shape[0] // 2,
            body.cols.start + body.inside.shape[1] // 2,
        )
        change, volume = ground_change(kind, body, pixel, rng)
        result.ground[area_of] += change
        if kind is not SlideKind.FRESH:
            result.ground_without_fresh[area_of] += change
        c = float(visibility[middle])
        speed = 0.0
        if kind is SlideKind.SLOW:
            speed = rng.uniform(max(SPEEDS[0], LEAST_LOS_SPEED / abs(c)), SPEEDS[1])
            share = (0.6 + 0.4 * body.depth) * body.inside  # the flanks are held back
            result.los_motion[area_of] += speed * c * share
        number = len(result.landslides) + 1
        result.truth[area_of][body.inside] = number
        grown = binary_dilation(body.inside, iterations=max(2, round(20.0 / pixel)))
        taken[area_of] |= grown
        result.landslides.append(
            Landslide(
                number,
                kind,
                float(body.inside.sum()) * pixel**2,
                volume,
                float(slope[middle]),
                float(aspect[middle]),
                speed,
                c,
            )
        )
    return result


def _find_place(
    kind: SlideKind,
    area: float,
    places: np.ndarray,
    free: Mask,
    aspect: Field,
    pixel: float,
    rng: np.random.Generator,
) -> Body | None:
    """Try 80 random places; None where the body fits nowhere."""
    for place in places[rng.integers(len(places), size=80)] if len(places) else ():
        row, col = int(place[0]), int(place[1])
        if not free[row, col]:
            continue
        body = make_body(kind, area, (row, col), float(aspect[row, col]), free.shape, pixel, rng)
        if body is not None and free[body.rows, body.cols][body.inside].mean() > 0.97:
            low, high = AREAS[kind]
            if low <= body.inside.sum() * pixel**2 <= high * 1.1:
                return body
    return None
