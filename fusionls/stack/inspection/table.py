"""An inspection as a table for people."""

from __future__ import annotations

import io
import shutil

from rich.console import Console
from rich.table import Table

from fusionls.stack.inspection.findings import Inspection, Severity

LEAST_WIDTH = 120
"""Columns of text where the screen is narrower, or where there is none."""


def inspection_table(inspection: Inspection, notes: bool = True) -> str:
    """What the files hold, and what was found, with a cure for each.

    Args:
        inspection: What was found.
        notes: Whether findings that are no faults are shown.
    """
    width = max(shutil.get_terminal_size().columns, LEAST_WIDTH)
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    if inspection.facts:
        table = Table(title='what the files hold', title_justify='left')
        for name in ('file', 'layers', 'CRS', 'pixel', 'rows x cols', 'west, south, east, north',
                     'valid', 'values', 'stored'):  # fmt: skip
            table.add_column(name, overflow='fold')
        for f in inspection.facts:
            table.add_row(
                f.subject, f.layers, f.crs, f.pixel, f.shape, f.extent, f'{f.valid:.1%}', f.range,
                f.stored,
            )  # fmt: skip
        console.print(table)
    shown = [f for f in inspection.shown if notes or f.severity is not Severity.NOTE]
    if shown:
        table = Table(title='what was found', title_justify='left')
        for name in ('', 'file', 'check', 'found', 'cure'):
            table.add_column(name, overflow='fold')
        for finding in shown:
            table.add_row(
                finding.severity.value, finding.subject, finding.check, finding.text, finding.cure
            )
        console.print(table)
    faults = len(inspection.faults)
    console.print(f'{faults or "no"} fault{"s" * (faults != 1)} in {len(inspection.facts)} files')
    stream = console.file
    return stream.getvalue() if isinstance(stream, io.StringIO) else ''
