"""The products fusionls reads by name, beside plain rasters.

Flow: stack.scene (``product: mintpy``) -> [here] -> the reader of that product -> Source.
A reader is one function: the file (or files) first, then keyword-only options, whose names are
the keys of the scene description; options annotated as ``Path`` name files too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fusionls.sources.insar.egms import open_egms
from fusionls.sources.insar.hyp3 import open_hyp3
from fusionls.sources.insar.interferograms import open_interferograms
from fusionls.sources.insar.licsar import open_licsar
from fusionls.sources.insar.licsbas import open_licsbas
from fusionls.sources.insar.mintpy import open_mintpy
from fusionls.sources.insar.stamps import open_stamps
from fusionls.sources.lidar.lidar_source import open_lidar
from fusionls.sources.line_distance import open_line_distance
from fusionls.sources.optical.landsat import open_landsat
from fusionls.sources.optical.planetscope import open_planetscope
from fusionls.sources.optical.rgb import open_rgb
from fusionls.sources.optical.sentinel2 import open_sentinel2
from fusionls.sources.rasters import open_raster_source
from fusionls.sources.source import Source

Reader = Callable[..., tuple[Source, ...]]


RASTER = 'raster'
"""The product a source is where the description names none."""


@dataclass(frozen=True)
class Product:
    """A product that is read by name.

    Attributes:
        name: As the scene description says it.
        reader: Opens it.
    """

    name: str
    reader: Reader

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.reader).parameters

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options its reader takes beside the files."""
        return tuple(p.name for p in self._parameters.values() if p.kind is p.KEYWORD_ONLY)

    @property
    def takes_files(self) -> bool:
        """Whether its reader takes several files as one product."""
        return 'files' in self._parameters

    def expects(self, option: str) -> str:
        """The type of an option as its reader states it: ``float``, ``Path``, ..."""
        return str(self._parameters[option].annotation).removesuffix(' | None')

    def open(self, paths: Sequence[Path], options: Mapping[str, Any]) -> tuple[Source, ...]:
        """Open the product; raises what its reader raises."""
        if self.takes_files:
            return self.reader(list(paths), **options)
        return tuple(source for path in paths for source in self.reader(path, **options))


PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (
        Product(RASTER, open_raster_source),
        Product('sentinel2', open_sentinel2),
        Product('landsat', open_landsat),
        Product('planetscope', open_planetscope),
        Product('rgb', open_rgb),
        Product('mintpy', open_mintpy),
        Product('hyp3', open_hyp3),
        Product('licsar', open_licsar),
        Product('licsbas', open_licsbas),
        Product('interferograms', open_interferograms),
        Product('egms', open_egms),
        Product('stamps', open_stamps),
        Product('lidar', open_lidar),
        Product('line_distance', open_line_distance),
    )
}
