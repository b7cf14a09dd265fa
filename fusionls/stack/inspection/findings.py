"""What an inspection says: facts about each file, and what is wrong with a cure for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = 'error'  # no stack can be built
    WARNING = 'warning'  # a stack can be built, and layers will be wrong
    NOTE = 'note'  # worth knowing; nothing is wrong


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        severity: How bad it is.
        subject: The file, or the pair of them.
        check: What was looked at, in a word: ``nodata``, ``unit``, ``shift``, ...
        text: What was found, and what was expected.
        cure: What to do about it.
    """

    severity: Severity
    subject: str
    check: str
    text: str
    cure: str = ''


@dataclass(frozen=True)
class Facts:
    """What a file, or a source of a scene, holds.

    Attributes:
        subject: Its name.
        layers: What each band is, as described or guessed.
        crs: Its CRS.
        pixel: Pixel width and height with their unit.
        shape: Rows and columns.
        extent: West, south, east, north in degrees.
        valid: Share of pixels that are valid.
        values: Lowest and highest valid value of each band.
        stored: Data type and layout.
    """

    subject: str
    layers: str
    crs: str
    pixel: str
    shape: str
    extent: str
    valid: float
    values: tuple[tuple[float, float] | None, ...]
    stored: str = ''

    @property
    def range(self) -> str:
        """Lowest and highest values of the bands, those that are alike once."""
        shown = ['-' if v is None else f'{v[0]:.4g} to {v[1]:.4g}' for v in self.values]
        return '; '.join(dict.fromkeys(shown))


@dataclass
class Inspection:
    """Everything that was found about some files.

    Attributes:
        facts: Of each file.
        findings: What is wrong, and what is worth knowing.
    """

    facts: list[Facts] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, found: Sequence[Finding]) -> None:
        """Add findings, each once."""
        self.findings += [finding for finding in found if finding not in self.findings]

    @property
    def faults(self) -> list[Finding]:
        """Findings that are more than notes, the worst first."""
        order = list(Severity)
        faults = [f for f in self.findings if f.severity is not Severity.NOTE]
        return sorted(faults, key=lambda f: order.index(f.severity))

    @property
    def notes(self) -> list[Finding]:
        """Findings that are notes."""
        return [f for f in self.findings if f.severity is Severity.NOTE]

    @property
    def shown(self) -> list[Finding]:
        """Faults, then notes; what is found of several files alike stands once, with all names."""
        names: dict[tuple[Severity, str, str, str], list[str]] = {}
        for f in [*self.faults, *self.notes]:
            names.setdefault((f.severity, f.check, f.text, f.cure), []).append(f.subject)
        return [
            Finding(severity, '\n'.join(subjects), check, text, cure)
            for (severity, check, text, cure), subjects in names.items()
        ]

    @property
    def exit_code(self) -> int:
        """0 where nothing is wrong, 1 where something is."""
        return int(bool(self.faults))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            'files': [
                {
                    'file': f.subject,
                    'layers': f.layers,
                    'crs': f.crs,
                    'pixel': f.pixel,
                    'shape': f.shape,
                    'extent': f.extent,
                    'valid': f.valid,
                    'values': [None if v is None else list(v) for v in f.values],
                    'stored': f.stored,
                }
                for f in self.facts
            ],
            'findings': [
                {
                    'severity': f.severity.value,
                    'file': f.subject,
                    'check': f.check,
                    'found': f.text,
                    'cure': f.cure,
                }
                for f in [*self.faults, *self.notes]
            ],
        }
