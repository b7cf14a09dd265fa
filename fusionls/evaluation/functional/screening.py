"""What a screen before a segmentor costs and saves, from counts that add up.

Flow: tiles screened -> [here] -> scores.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionls.evaluation.functional.confusion import Amount, ratio

SCREEN_SCORES = ('rejected', 'recall', 'pixel_recall', 'cost_saved')


@dataclass(frozen=True)
class ScreenCounts:
    """Tiles and their landslide pixels by what the screen said; each may be an array.

    Attributes:
        tiles: Tiles screened.
        kept: Those that were mapped.
        landslide: Landslide tiles.
        landslide_kept: Those that were mapped.
        pixels: Landslide pixels.
        pixels_kept: Those in tiles that were mapped.
        screen_cost: Cost of screening all tiles, floating-point operations.
        map_cost: Cost of mapping all tiles.
        map_cost_kept: Cost of mapping those that were.
    """

    tiles: Amount = 0
    kept: Amount = 0
    landslide: Amount = 0
    landslide_kept: Amount = 0
    pixels: Amount = 0
    pixels_kept: Amount = 0
    screen_cost: Amount = 0
    map_cost: Amount = 0
    map_cost_kept: Amount = 0

    @property
    def rejected(self) -> Amount:
        """Share of the tiles that were not mapped."""
        return 1 - ratio(self.kept, self.tiles)

    @property
    def recall(self) -> Amount:
        """Share of the landslide tiles that were mapped; NaN where there is none."""
        return ratio(self.landslide_kept, self.landslide)

    @property
    def pixel_recall(self) -> Amount:
        """Share of the landslide pixels that could still be found; NaN where there is none."""
        return ratio(self.pixels_kept, self.pixels)

    @property
    def cost_saved(self) -> Amount:
        """Share of the operations saved against mapping everything; below 0 where it costs more."""
        return 1 - ratio(self.screen_cost + self.map_cost_kept, self.map_cost)
