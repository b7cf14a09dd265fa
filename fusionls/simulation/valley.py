"""The simulated valley: one seed, every layer of truth, and what four sensors deliver of it.

Flow: terrain -> cover -> landslides -> sensors -> [here] -> products.
Each kind of landslide is seen by one sensor and hidden from the others:

========  ================================  =======================  ==========================
kind      optical                           bare-earth LiDAR         InSAR
========  ================================  =======================  ==========================
fresh     bare soil instead of plants       flown before the event   incoherent, so no velocity
old       intact forest                     scarp and hummocky body  at rest, or lost in forest
slow      grass, 4 % darker                 5 cm to 1 m of relief    8 to 50 mm/yr in sight
========  ================================  =======================  ==========================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray
from fusionls.simulation import sensors
from fusionls.simulation.cover import Cover, LookAlike, habitats, make_landscape
from fusionls.simulation.landslides import Landslide, SlideKind, place_landslides
from fusionls.simulation.sensors import Product
from fusionls.simulation.terrain import choose_site, make_terrain, site_grid

SMALLEST = 128
MULTIPLE = 8
PIXELS = (2.0, 10.0)


@dataclass(frozen=True)
class Valley:
    """A simulated scene; arrays are (rows, cols) of ``grid`` unless said otherwise.

    Attributes:
        seed: What it was made from.
        site: Number of the piece of real terrain under it.
        grid: Base grid, UTM.
        ground_before: Bare earth without landslides, metres.
        ground: Bare earth with all landslides, metres.
        canopy: Height of plants today, metres.
        cover: Codes of :class:`Cover`.
        look_alikes: Codes of :class:`LookAlike`.
        truth: Id of the landslide, 0 where there is none.
        landslides: All of them; the one with id i at position i - 1.
        los_motion: True line-of-sight velocity, m/yr, positive toward the satellite.
        optical: (4, rows, cols), reflectance of red, green, blue, near infrared; NaN in clouds.
        dem: Elevation on ``dem_grid``, metres; NaN beyond the scene.
        dem_grid: Longitude and latitude, one arc second.
        velocity: Line-of-sight velocity on ``insar_grid``, m/yr; NaN where coherence is low.
        coherence: On ``insar_grid``, 0 to 1.
        insar_grid: The base grid in pixels four times as large.
        dtm: LiDAR bare earth, metres; NaN outside the swath.
        dsm: LiDAR surface, metres; NaN outside the swath.
    """

    seed: int
    site: int
    grid: Grid
    ground_before: Product
    ground: Product
    canopy: Product
    cover: NDArray[np.uint8]
    look_alikes: NDArray[np.uint8]
    truth: NDArray[np.uint16]
    landslides: tuple[Landslide, ...]
    los_motion: Product
    optical: Product
    dem: Product
    dem_grid: Grid
    velocity: Product
    coherence: Product
    insar_grid: Grid
    dtm: Product
    dsm: Product

    @property
    def name(self) -> str:
        """``valley_<seed>``."""
        return f'valley_{self.seed}'

    def mask_of(self, kind: SlideKind) -> BoolArray:
        """Pixels of all landslides of a kind."""
        ids = [slide.id for slide in self.landslides if slide.kind is kind]
        return np.isin(self.truth, ids)

    def look_alike_mask(self, kind: LookAlike) -> BoolArray:
        """Pixels of all look-alikes of a kind."""
        return self.look_alikes == kind


def make_valley(
    seed: int,
    size: int = 512,
    pixel: float = 5.0,
    *,
    lidar_after_event: bool = False,
) -> Valley:
    """Simulate a valley.

    The same arguments give the same arrays, bit by bit. Two seeds lie on different ground unless
    they differ by a multiple of the number of sites (:func:`terrain.site_centres`).

    Args:
        seed: >= 0.
        size: Base pixels per side, a multiple of 8, at least 128.
        pixel: Base pixel, metres, 2 to 10.
        lidar_after_event: Fly the LiDAR after the fresh landslides instead of before: it then
            sees their thin scars and the missing trees.

    Raises:
        ValueError: An argument is out of its range, or the scene does not fit into the terrain.
    """
    _check(seed, size, pixel)
    streams = [np.random.default_rng([seed, 2, part]) for part in range(9)]
    site = choose_site(seed, size * pixel)
    grid = site_grid(site, size, pixel)
    terrain = make_terrain(site, size, pixel, streams[0])
    land = make_landscape(terrain, pixel, streams[1])
    forest, grass = habitats(land, pixel)
    placed = place_landslides(
        land.ground,
        {SlideKind.FRESH: forest | grass, SlideKind.OLD: forest, SlideKind.SLOW: grass},
        pixel,
        streams[2],
    )

    kinds = np.array([''] + [slide.kind.value for slide in placed.landslides])[placed.truth]
    fresh, slow = kinds == SlideKind.FRESH, kinds == SlideKind.SLOW
    cover = np.where(fresh, Cover.SLIDE_SOIL, land.cover).astype(np.uint8)
    canopy = np.where(fresh, 0.0, land.canopy)
    tones = np.exp(0.15 * streams[3].standard_normal(len(placed.landslides) + 1))
    tone = np.where(fresh, tones[placed.truth], land.tone)
    los_motion = placed.los_motion + sensors.vertical_in_sight(land.subsidence)

    cloud_share = streams[4].uniform(0.06, 0.14)
    optical = sensors.optical_image(
        cover, tone, placed.ground, canopy, slow, cloud_share, pixel, streams[5]
    )
    dem, dem_grid = sensors.coarse_dem(placed.ground_without_fresh, land.canopy, grid, streams[6])
    velocity, coherence = sensors.insar_products(
        placed.ground, cover, canopy, los_motion, pixel, streams[7]
    )
    if lidar_after_event:
        flown = (placed.ground, canopy, cover)
    else:
        flown = (placed.ground_without_fresh, land.canopy, land.cover)
    dtm, dsm = sensors.lidar_rasters(*flown, pixel, streams[8])
    return Valley(
        seed=seed,
        site=site.index,
        grid=grid,
        ground_before=land.ground.astype(np.float32),
        ground=placed.ground.astype(np.float32),
        canopy=canopy.astype(np.float32),
        cover=cover,
        look_alikes=land.look_alikes,
        truth=placed.truth,
        landslides=tuple(placed.landslides),
        los_motion=los_motion.astype(np.float32),
        optical=optical,
        dem=dem,
        dem_grid=dem_grid,
        velocity=velocity,
        coherence=coherence,
        insar_grid=grid.coarser(sensors.INSAR_FACTOR),
        dtm=dtm,
        dsm=dsm,
    )


def _check(seed: int, size: int, pixel: float) -> None:
    """Refuse arguments that cannot give a valley."""
    if seed < 0:
        raise ValueError(f'seed must be >= 0, got {seed}')
    if size < SMALLEST or size % MULTIPLE:
        raise ValueError(
            f'size must be a multiple of {MULTIPLE} pixels and at least {SMALLEST}, got {size}'
        )
    if not PIXELS[0] <= pixel <= PIXELS[1]:
        raise ValueError(f'pixel must be {PIXELS[0]:g} to {PIXELS[1]:g} m, got {pixel}')
