"""The products fusionls reads by name, beside plain rasters.

Flow: stack.scene (``product: mintpy``) -> [here] -> the reader of that product -> Source.
A reader is one function: the file (or files) first, then keyword-only options, whose names are
the keys of the scene description; options annotated as ``Path`` name files too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusionls.sources.source import Source

Reader = Callable[..., tuple[Source, ...]]


@dataclass(frozen=True)
class Product:
    """A product that is read by name.

    Attributes:
        name: As the scene description says it.
        meaning: One line for the documentation.
        reader: Opens it.
    """

    name: str
    meaning: str
    reader: Reader

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the keyword options."""
        found = inspect.signature(self.reader).parameters.values()
        return tuple(p.name for p in found if p.kind is p.KEYWORD_ONLY)

    @property
    def path_options(self) -> frozenset[str]:
        """Options that name files."""
        found = inspect.signature(self.reader).parameters.values()
        return frozenset(
            p.name for p in found if p.kind is p.KEYWORD_ONLY and 'Path' in str(p.annotation)
        )

    @property
    def takes_files(self) -> bool:
        """Whether it reads several files as one (``files``), rather than one (``file``)."""
        return 'files' in inspect.signature(self.reader).parameters

    def open(self, paths: list[Path], **options: Any) -> tuple[Source, ...]:
        """Open the product; raises what its reader raises."""
        if self.takes_files:
            return self.reader(paths, **options)
        return self.reader(paths[0], **options)


PRODUCTS: dict[str, Product] = {}
