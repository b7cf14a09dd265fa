"""What command line tools share: clean errors, a progress bar, the arguments of a whole scene."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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


def add_scene_arguments(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the arguments of every tool that runs a model over a stack.

    Args:
        parser: Where they go.
        out: Help text of the file to write.
    """
    parser.add_argument('config', help='the config the checkpoint was trained with')
    parser.add_argument('checkpoint')
    parser.add_argument('stack', help='folder written by tools/build_stack.py')
    parser.add_argument('out', help=out)
    parser.add_argument(
        '--modalities',
        nargs='+',
        metavar='NAME',
        help='show the model only these (default: all that model and stack share)',
    )
    parser.add_argument('--window', type=int, default=512, help='window side, base pixels')
    parser.add_argument('--overlap', type=int, default=128, help='overlap of windows, base pixels')
    parser.add_argument('--batch-size', type=int, default=4, help='windows per forward pass')
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: cuda if there)')


def scene_options(args: argparse.Namespace) -> dict[str, Any]:
    """What :func:`add_scene_arguments` read, by the names the verbs take."""
    names = ('modalities', 'window', 'overlap', 'batch_size', 'device')
    return {name: getattr(args, name) for name in names}
