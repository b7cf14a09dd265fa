"""Before training: do the tiles trained on leak into those tested on?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from fusionls.datasets.leakage import LeakageReport, leakage, write_reports
from fusionls.datasets.tile_dataset import TileDataset, tile_dataset
from fusionls.errors import SplitLeakageError, SplitLeakageWarning
from fusionls.registry import DATASETS, HOOKS

REPORT_NAME = 'leakage.json'


@HOOKS.register_module()
class CheckLeakage(Hook):
    """Compare training tiles with those of validation and test, and write ``leakage.json``.

    The report lies in the work folder, of a run that is refused too.

    Args:
        least_distance: Metres that must lie between training ground and the other; 0 asks only
            that nothing overlaps.
        contents: Whether to look for equal pictures, for which every tile is read once; where
            not, the report says so.
        allow: Train in spite of leaks, with a warning; the report says so.

    Raises:
        SplitLeakageError: Training leaks; every leak is named.
    """

    priority = 'VERY_HIGH'

    def __init__(
        self, *, least_distance: float = 0.0, contents: bool = True, allow: bool = False
    ) -> None:
        self.least_distance = least_distance
        self.contents = contents
        self.allow = allow

    def before_train(self, runner: Runner) -> None:
        """Check by the first process; all processes hear what it found."""
        told: list[str | None] = [None]
        if is_main_process():
            told[0] = self._complaint(runner)
        broadcast_object_list(told)
        complaint = told[0]
        if complaint is not None and not self.allow:
            raise SplitLeakageError(complaint)
        if complaint is not None:
            warnings.warn(f'trained knowingly: {complaint}', SplitLeakageWarning, stacklevel=2)

    def _complaint(self, runner: Runner) -> str | None:
        """Compare, write the report; the text of the error, None where nothing leaks."""
        train = tile_dataset(runner.train_dataloader.dataset)
        reports = [
            leakage(
                train,
                other,
                sides=('train', side),
                least_distance=self.least_distance,
                contents=self.contents,
            )
            for side, other in _others(runner)
        ]
        write_reports(Path(runner.work_dir) / REPORT_NAME, reports, allowed=self.allow)
        complaints = []
        for report in reports:
            print_log(_told(report), 'current')
            if report.touching:
                warnings.warn(
                    f'{" and ".join(report.sides)} touch: no ground is common, but landslides '
                    'and texture go on across the line; leave a buffer',
                    SplitLeakageWarning,
                    stacklevel=2,
                )
            try:
                report.raise_if_leaking()
            except SplitLeakageError as error:
                complaints.append(str(error))
        return '\n'.join(complaints) or None


def _others(runner: Runner) -> Iterator[tuple[str, TileDataset]]:
    """The data sets that training must not leak into; equal ones once."""
    validation = runner.cfg.get('val_dataloader')
    if runner.val_loop is not None:
        yield 'val', tile_dataset(runner.val_loop.dataloader.dataset)
    test: Any = runner.cfg.get('test_dataloader')
    if test is not None and (validation is None or test.dataset != validation.dataset):
        yield 'test', tile_dataset(DATASETS.build(test.dataset))


def _told(report: LeakageReport) -> str:
    """What was found, in one line."""
    first, second = report.sides
    between = 'unknown' if report.distance is None else f'{report.distance:.0f} m'
    return (
        f'{first} ({report.tiles[0]} tiles) against {second} ({report.tiles[1]} tiles), split '
        f'{report.split_hash}: compared {" and ".join(report.compared) or "nothing"}; nearest '
        f'ground {between}; {len(report.problems) or "no"} leaks; {report.seconds:.1f} s'
    )
