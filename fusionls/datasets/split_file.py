"""Which tile belongs to which split, as a file that can be published with a result.

JSON ``{"train": [...], "val": [...], "test": [...]}`` with names of tiles, or entries that carry
one under ``id`` (as Sen12Landslides has them); or CSV with the columns ``name`` and ``split``.
"""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionls.errors import FileMissingError, SplitError, nearest_names, raise_together
from fusionls.geo.raster_io import written_whole

SPLIT_NAMES = ('train', 'val', 'test')


def read_split_file(path: str | Path) -> dict[str, list[str]]:
    """Names of tiles by split.

    Raises:
        FileMissingError: There is no such file.
        SplitError: It is no split file; a split is unknown or empty; a name stands in it twice.
            All problems come together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileMissingError(f'{path}: no such split file; check the path and its spelling')
    try:
        text = path.read_text(encoding='utf-8')
        raw = _from_csv(text) if path.suffix.lower() == '.csv' else json.loads(text)
        named = {str(split): [_name(entry) for entry in raw[split]] for split in raw}
    except (ValueError, TypeError, KeyError) as error:
        raise SplitError(
            f'{path}: cannot be read as a split file ({error!r}); expected JSON '
            '{"train": [names], "val": [names], "test": [names]} or CSV with the columns name and '
            'split'
        ) from error
    problems = [
        f'{path}: unknown split {split!r}; {nearest_names(split, SPLIT_NAMES)}'
        for split in named
        if split not in SPLIT_NAMES
    ]
    problems += [f'{path}: split {split!r} is empty' for split in named if not named[split]]
    homes: dict[str, list[str]] = {}
    for split, names in named.items():
        for name in names:
            homes.setdefault(name, []).append(split)
    problems += [
        f'{path}: {name!r} stands in it {len(splits)} times ({", ".join(splits)})'
        for name, splits in homes.items()
        if len(splits) > 1
    ]
    if not named:
        problems.append(f'{path}: names no split')
    raise_together(SplitError, 'the split file is wrong', problems)
    return named


def strangers(path: str | Path, named: Mapping[str, Sequence[str]], known: Collection[str]) -> str:
    """What a split file lists that is not in the data set; empty where all is."""
    gone = [name for names in named.values() for name in names if name not in known]
    if not gone:
        return ''
    close = difflib.get_close_matches(gone[0], known, n=1, cutoff=0.0)
    return (
        f'{path}: lists {len(gone)} of {sum(map(len, named.values()))} names that are not in the '
        f'data set, {gone[0]!r} first; the most alike in it is {close[0] if close else None!r}'
    )


def write_split_file(path: str | Path, named: Mapping[str, Sequence[str]]) -> None:
    """Write names of tiles by split as JSON, whole or not at all.

    Raises:
        OutputError: It could not be written.
    """
    with written_whole(path) as beside:
        ordered = {split: list(names) for split, names in named.items()}
        beside.write_text(json.dumps(ordered, indent=1) + '\n', encoding='utf-8')


def _name(entry: Any) -> str:
    name = entry['id'] if isinstance(entry, Mapping) else entry
    if not isinstance(name, str):
        raise TypeError(f'{name!r} is no name of a tile')
    return name


def _from_csv(text: str) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        named.setdefault(row['split'], []).append(row['name'])
    return named
