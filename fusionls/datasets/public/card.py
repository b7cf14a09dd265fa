"""What one should know of a public data set before using it; ``docs/datasets.md`` is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REAL = 'real files of the set'
WRITTEN = 'files in the published layout, written by `fusionls.testing.layouts`: no real file'


@dataclass(frozen=True, kw_only=True)
class DataSetCard:
    """A public data set.

    Attributes:
        name: As ``tools/datasets/prepare.py`` takes it.
        title: As published.
        dataset: The registered class that reads it.
        about: What it shows, in a sentence or two.
        layers: Where each layer is in the files, ``{modality: {layer: place}}``.
        pixel: Pixel size.
        size: Of the tiles.
        nodata: What is invalid.
        counts: Published number of tiles by what their names begin with; empty where nobody says.
        balance: How much of it is landslide.
        splits: Published ones, and which ways of splitting make sense.
        tree: Files as they should lie.
        traps: What the adapter takes care of.
        licence: As stated.
        citation: What to cite.
        download: Where it is.
        layout_from: Repositories and papers that the layout was taken from.
        tested_on: :data:`REAL` or :data:`WRITTEN`.
    """

    name: str
    title: str
    dataset: str
    about: str
    layers: Mapping[str, Mapping[str, str]]
    pixel: str
    size: str
    nodata: str
    counts: Mapping[str, int] = field(default_factory=dict)
    balance: str
    splits: str
    tree: str
    traps: str
    licence: str
    citation: str
    download: str
    layout_from: str
    tested_on: str
