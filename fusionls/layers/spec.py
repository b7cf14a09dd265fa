"""What is said of a layer: its numbers, where its formula comes from, how it is derived.

Each folder of this room states its layers in a ``catalog.py``; ``layers.catalog`` joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fusionls.geo.cell_size import Cell
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.quantities import Kind, Quantity

Plane = tuple[FloatArray, BoolArray]
"""Values (H, W) float32 in the layer's unit, zero where invalid, and valid (H, W)."""


@dataclass(frozen=True)
class Wanted:
    """A layer that a family is asked for.

    Attributes:
        name: Its name in the catalogue, without parameters and qualifiers.
        parameters: Value by parameter name, defaults filled in.
    """

    name: str
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def quantity(self) -> str:
        """The name without its modality: ``lidar_slope`` -> ``slope``."""
        return self.name.partition('_')[2]


Family = Callable[[Sequence[Plane], Sequence[Wanted], Cell], list[Plane]]
"""Derives several layers of the same needs in one pass: one plane per need in, one per wanted
layer out. What it gives at a pixel must depend on no pixel further away than the reach, and not
on where the arrays were cut: strips equal the whole bit for bit."""


@dataclass(frozen=True)
class Parameter:
    """A number in a layer's name: ``_az90`` in ``terrain_hillshade_az90``, ``_r50``, ``_r2p5``.

    Attributes:
        default: Its value where the name does not say.
        meaning: What it is, with its unit.
        least: Smallest value allowed.
        most: Largest value allowed.
    """

    default: float
    meaning: str
    least: float = 0.0
    most: float = float('inf')


@dataclass(frozen=True)
class Derivation:
    """How a layer follows from others.

    Attributes:
        needs: Layers it is derived from; they may be derived themselves, and may belong to
            another modality.
        family: The function that derives it together with its kin.
        reach: Pixels it reaches beyond a pixel; or a function of parameters and pixel side
            (metres) that says so.
        parameters: Numbers its name may carry.
        whole: It needs the whole scene at once (water flows across any strip).
    """

    needs: tuple[str, ...]
    family: Family
    reach: int | Callable[[Mapping[str, float], float], int] = 0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True)
class LayerSpec:
    """A known layer: what it is called, what its numbers mean.

    Attributes:
        name: ``<modality>_<quantity>``.
        quantity: Canonical unit and kind.
        meaning: One line.
        least: Smallest possible value in the canonical unit, or None.
        most: Largest possible value, or None.
        formula: How it is computed; empty for what is measured.
        source: Paper and equation, or the product's handbook.
        derivation: How it is derived; None for what only sources hold.
    """

    name: str
    quantity: Quantity
    meaning: str
    least: float | None = None
    most: float | None = None
    formula: str = ''
    source: str = ''
    derivation: Derivation | None = None


def measured(
    name: str,
    unit: str,
    meaning: str,
    least: float | None = None,
    most: float | None = None,
    kind: Kind = Kind.CONTINUOUS,
    source: str = '',
) -> LayerSpec:
    """A layer that only sources hold."""
    return LayerSpec(name, Quantity(unit, kind), meaning, least, most, source=source)
