"""What every command line tool shares: clean errors and a progress bar with the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from fusionls.errors import FusionlsError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def run_tool(main: Callable[[], int | None]) -> int:
    """Run a tool; turn an error that fusionls explains into its text, without a traceback.

    Args:
        main: The tool; what it returns is the exit code, None means 0.

    Returns:
        The exit code: 2 after a :class:`FusionlsError`, 130 after Ctrl-C.

    Example:
        >>> run_tool(lambda: None)
        0
    """
    try:
        return main() or 0
    except FusionlsError as error:
        print(f'error: {error}', file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print('interrupted; nothing stands half-written under its final name', file=sys.stderr)
        return EXIT_INTERRUPTED


class Bar:
    """A running progress bar; get one from :func:`progress_bar`."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, steps: int = 1) -> None:
        """Count ``steps`` more as done."""
        self._progress.advance(self._task, steps)

    def report(self, done: int, total: int, description: str) -> None:
        """Say how much is done of how much, and what is being done."""
        self._progress.update(self._task, completed=done, total=total, description=description)


@contextmanager
def progress_bar(
    description: str, total: int | None = None, *, shown: bool = True
) -> Iterator[Bar]:
    """Show a progress bar on standard error with the time gone and an estimate of the time left.

    Args:
        description: What is being done.
        total: Number of steps; None until :meth:`Bar.report` says.
        shown: False for a bar that counts and prints nothing.
    """
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        yield Bar(progress, progress.add_task(description, total=total))
