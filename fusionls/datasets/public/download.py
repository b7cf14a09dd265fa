"""A download looked through: is all there, can all be read, is it what was published?

Flow: datasets.public (card, files) -> [here] -> tools/datasets/prepare.py.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusionls.datasets.loose_tiles import Finding, LooseTile
from fusionls.datasets.public.card import DataSetCard
from fusionls.errors import FileMissingError, InputError

_BLOCK = 1 << 20
Advance = Callable[[int, int], None]
"""Told how many tiles were read, of how many."""


@dataclass
class DownloadReport:
    """What a download holds.

    Attributes:
        tiles: Number of tiles that can be read.
        counts: Tiles by what their names begin with, see ``DataSetCard.counts``.
        labelled: Of them, those with labels.
        sizes: Tiles by rows and columns.
        landslide: Share of the labelled pixels that are landslide.
        with_landslide: Labelled tiles with at least one landslide pixel.
        invalid: Share of invalid pixels by modality, over the tiles that have it.
        checksums: Files whose checksum is right.
        problems: Everything that is missing, damaged, or other than published.
        doubts: What the numbers speak against.
    """

    tiles: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    labelled: int = 0
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    landslide: float = 0.0
    with_landslide: int = 0
    invalid: dict[str, float] = field(default_factory=dict)
    checksums: int = 0
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def check_download(
    card: DataSetCard,
    finding: Finding,
    root: Path,
    checksums: Path | None = None,
    advance: Advance = lambda done, total: None,
) -> DownloadReport:
    """Read every tile of a download and compare it with what was published.

    Args:
        card: Of the set.
        finding: Its tiles and what is wrong with the files so far.
        root: The folder.
        checksums: See :func:`published_checksums`; files are looked for by name below ``root``.
        advance: Told of the progress.
    """
    report = DownloadReport(problems=list(finding.problems), doubts=list(finding.doubts))
    tally = _Tally()
    for number, tile in enumerate(finding.tiles):
        try:
            tally.add(tile)
        except InputError as error:
            report.problems.append(str(error))
        advance(number + 1, len(finding.tiles))
    tally.write(report)
    for start, published in card.counts.items():
        found = sum(tile.name.startswith(start) for tile in finding.tiles)
        report.counts[start] = found
        if found != published:
            report.problems.append(
                f'{start or "the set"}: {found} tiles; {published} were published'
            )
    if checksums is not None:
        _check_sums(report, root, checksums)
    return report


class _Tally:
    """Sums over tiles."""

    def __init__(self) -> None:
        self.report = DownloadReport()
        self.pixels = self.slides = 0
        self.area: Counter[str] = Counter()
        self.void: Counter[str] = Counter()

    def add(self, tile: LooseTile) -> None:
        """Read a tile, whole; raises what its reading raises."""
        labels = tile.load_labels() if tile.labelled else None
        for modality, (_, valid) in tile.load(sorted(tile.shown)).items():
            self.area[modality] += valid.size
            self.void[modality] += int((~valid).sum())
        self.report.tiles += 1
        self.report.sizes[tile.shape] += 1
        if labels is not None:
            slides = int((labels == 1).sum())
            self.report.labelled += 1
            self.report.with_landslide += slides > 0
            self.slides += slides
            self.pixels += int((labels <= 1).sum())

    def write(self, report: DownloadReport) -> None:
        """Put the sums where they belong."""
        report.tiles, report.labelled = self.report.tiles, self.report.labelled
        report.sizes, report.with_landslide = self.report.sizes, self.report.with_landslide
        report.landslide = self.slides / max(self.pixels, 1)
        report.invalid = {m: self.void[m] / area for m, area in sorted(self.area.items())}


def published_checksums(path: Path) -> dict[str, tuple[str, str]]:
    """Algorithm and checksum by file name.

    Args:
        path: The record of Zenodo as JSON (``https://zenodo.org/api/records/<number>``), or the
            lines that md5sum, sha1sum or sha256sum print.

    Raises:
        FileMissingError: There is no such file.
        InputError: It is neither.
    """
    if not path.is_file():
        raise FileMissingError(f'{path}: no such file of checksums')
    text = path.read_text(encoding='utf-8')
    lengths = {32: 'md5', 40: 'sha1', 64: 'sha256'}
    try:
        if text.lstrip().startswith('{'):
            told = {e['key']: e['checksum'].partition(':')[::2] for e in json.loads(text)['files']}
        else:
            lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
            told = {
                name.lstrip('*').strip(): (lengths[len(code)], code.lower()) for code, name in lines
            }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f'{path}: holds no checksums ({error!r}); expected a record of Zenodo or the output of '
            'md5sum, sha1sum or sha256sum'
        ) from error
    return told


def _check_sums(report: DownloadReport, root: Path, path: Path) -> None:
    found: Mapping[str, Path] = {file.name: file for file in sorted(root.rglob('*'))}
    for name, (algorithm, expected) in published_checksums(path).items():
        file = found.get(Path(name).name)
        if file is None:
            report.problems.append(f'{name}: is not below {root}, so its checksum was not taken')
        elif (actual := checksum(file, algorithm)) != expected:
            report.problems.append(
                f'{file}: its {algorithm} is {actual}, published was {expected}; fetch it again'
            )
        else:
            report.checksums += 1


def checksum(path: Path, algorithm: str) -> str:
    """Checksum of a file, read block by block."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open('rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
