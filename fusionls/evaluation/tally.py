"""What an evaluation has counted so far: sums by block, areas of objects, COCO matches.

Flow: functional.map_sums of each tile -> [here: added up] -> report, pictures, compare_runs.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from fusionls.evaluation.functional.blocks import BlockSums
from fusionls.evaluation.functional.coco import CocoTally
from fusionls.evaluation.functional.map_sums import MapSums, Rules
from fusionls.evaluation.functional.scores import plain, scores


@dataclass
class Tally:
    """Everything counted; add up with ``+=``.

    Attributes:
        blocks: Sums by block of ground.
        areas: How many true and predicted objects have which area, square metres.
        coco: Matched boxes and masks, where the model gives instances.
        tiles: Tiles counted.
    """

    blocks: BlockSums = field(default_factory=BlockSums)
    areas: dict[str, Counter[float]] = field(default_factory=dict)
    coco: dict[str, CocoTally] = field(default_factory=dict)
    tiles: int = 0

    @classmethod
    def of_tile(
        cls, block: str, counted: MapSums, coco: dict[str, CocoTally] | None = None
    ) -> Tally:
        """The tally of one tile."""
        blocks = BlockSums()
        blocks.add(block, counted.sums)
        return cls(blocks, counted.areas, coco or {}, 1)

    def __iadd__(self, other: Tally) -> Tally:
        self.blocks += other.blocks
        for name, areas in other.areas.items():
            self.areas.setdefault(name, Counter()).update(areas)
        for kind, tally in other.coco.items():
            self.coco.setdefault(kind, CocoTally())
            self.coco[kind] += tally
        self.tiles += other.tiles
        return self

    def scores(self, rules: Rules) -> dict[str, float]:
        """Every score by name; ``math.nan`` where it is undefined."""
        values = plain(scores(self.blocks.total(), rules.boundary_distances))
        for kind, tally in self.coco.items():
            averages = tally.averages(kind)
            values |= {n: math.nan if math.isnan(v) else v for n, v in averages.items()}
        return values
