"""Where a public data set lies on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from fusionls.errors import FileMissingError

VARIABLE = 'FUSIONLS_REAL_DATA'
"""Environment variable: the folder that holds the public data sets, one folder each."""


def data_set_folder(root: str | Path) -> Path:
    """Find a data set: as given, else under ``$FUSIONLS_REAL_DATA``, else under ``data/``.

    Raises:
        FileMissingError: It is in none of these places; they are named.
    """
    root = Path(root)
    places = [root]
    if not root.is_absolute():
        if os.environ.get(VARIABLE):
            places.append(Path(os.environ[VARIABLE]) / root)
        places.append(Path('data') / root)
    for place in places:
        if place.is_dir():
            return place
    raise FileMissingError(
        f'data set {str(root)!r} was not found; looked in {", ".join(map(str, places))}. '
        f'Set {VARIABLE} to the folder that holds it, or give its path in the config.'
    )
