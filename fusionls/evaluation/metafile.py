"""``metafile.yml``: the only place where a figure of a run is typed; tables are rendered from it.

Flow: runs (metrics.json, leakage.json) -> tools/dev/add_result.py -> [here] -> docs, README.
One file per folder of ``configs`` and ``benchmarks``, a list of results in each; that of a method
also says after which paper it is built, and what of it was at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from fusionls.errors import InputError, nearest_names, raise_together
from fusionls.geo.raster_io import written_whole

METAFILE = 'metafile.yml'
FOLDERS = ('configs', 'benchmarks')
HEAD = """\
# What the method rests on, and figures of runs, from 0 to 1 unless named otherwise: tables are
# rendered from here. Rows: benchmarks/zoo/train.py --add, tools/dev/add_result.py, or by hand;
# check: tools/dev/render_benchmark.py --check, tools/dev/render_models.py --check
"""
BASES = {
    'library': 'built by a library',
    'paper': 'written after the paper',
    'abstract': 'written after the abstract',
    'name': 'assumed, but for its name',
    'own': 'no published architecture',
}
"""What a method rests on, as a metafile says it and as a table does."""
COSTS = ('parameters', 'cpu_minutes', 'wall_minutes', 'memory_gb')
TITLES = {
    'bijie': 'Bijie',
    'cas_landslide': 'CAS Landslide',
    'hr_gldd': 'HR-GLDD',
    'landslide4sense': 'Landslide4Sense',
    'mars_mmls': 'MMLS (Mars), first release',
    'mars_mmls_v2': 'MMLSv2 (Mars)',
    'sen12landslides': 'Sen12Landslides',
    'valley': 'Simulated valleys',
}
"""Headings of data sets; others are called by their name."""


@dataclass(frozen=True)
class Method:
    """What a method rests on.

    Attributes:
        paper: Authors, year and title; ``none in particular`` where there is none.
        basis: Of :data:`BASES`.
    """

    paper: str
    basis: str


@dataclass(frozen=True)
class Result:
    """One row of a table: what was measured, on what, how, and at what cost.

    Attributes:
        model: Stem of the config, or the name of what was run or published.
        title: What a reader calls it.
        data_set: Name of the data set; one section of the page.
        split: Which tiles train and which test, in words.
        kind: What the figures are of and how they are pooled, in words.
        mean: Score by name, 0 to 1; the mean over seeds.
        deviation: Of the scores over seeds, by name; empty for one seed.
        seeds: Number of runs; None where nobody says.
        shown: Modalities shown to the model in testing; empty for all it knows.
        pattern: What else was hidden in testing, by the name of the pattern; empty for nothing.
        version: Of the data set.
        split_hash: Of ``leakage.json``; empty where it was not taken.
        train_tiles: Number of tiles trained on.
        test_tiles: Number of tiles tested on.
        cost: By name of :data:`COSTS`; of one run.
        device: What it ran on.
        commit: Of the code.
        date: Of the run or of the publication.
        source: Where a published figure stands; empty for our own.
        checked: How a published figure was checked: in the ``repository``, or ``abstract`` only.
        method: Folder of ``configs`` with the architecture of a published figure.
        note: What else must be known.
    """

    model: str
    title: str
    data_set: str
    split: str
    kind: str
    mean: Mapping[str, float]
    deviation: Mapping[str, float] = field(default_factory=dict)
    seeds: int | None = None
    shown: tuple[str, ...] = ()
    pattern: str = ''
    version: str = ''
    split_hash: str = ''
    train_tiles: int | None = None
    test_tiles: int | None = None
    cost: Mapping[str, float] = field(default_factory=dict)
    device: str = ''
    commit: str = ''
    date: str = ''
    source: str = ''
    checked: str = ''
    method: str = ''
    note: str = ''

    @property
    def published(self) -> bool:
        """Whether it is somebody else's figure."""
        return bool(self.source)

    @property
    def whole(self) -> bool:
        """Whether the model was shown all it knows."""
        return not (self.shown or self.pattern)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other rows: a newer run of the same replaces it."""
        return (self.model, self.data_set, self.split, self.pattern, *self.shown)

    def cell(self, score: str, digits: int = 3) -> str:
        """A score as a table shows it; a dash where it was not measured."""
        if score not in self.mean:
            return '–'
        text = f'{self.mean[score]:.{digits}f}'
        if score in self.deviation:
            text += f' ± {self.deviation[score]:.{digits}f}'
        return text

    @classmethod
    def of(cls, said: Mapping[str, Any], where: str) -> Result:
        """From what a metafile says.

        Raises:
            InputError: Keys are missing or unknown, or numbers cannot be so; all at once.
        """
        raise_together(InputError, f'{where}: is no result', _problems(said))
        known = dict(said)
        known['shown'] = tuple(known.get('shown', ()))
        known.update({name: str(known[name]) for name in ('commit', 'date') if name in known})
        return cls(**known)

    def to_yaml(self) -> dict[str, Any]:
        """As a metafile says it; what is empty is left out."""
        content = {name: value for name, value in asdict(self).items() if value not in ('', None)}
        content['shown'] = list(self.shown)
        return {name: value for name, value in content.items() if value or value == 0}


def _problems(said: Any) -> list[str]:
    """What is wrong with an entry of a metafile."""
    if not isinstance(said, Mapping):
        return [f'expected a mapping, got {said!r}']
    names = [part.name for part in fields(Result)]
    needed = ('model', 'title', 'data_set', 'split', 'kind', 'mean')
    problems = [f'{name} is missing' for name in needed if not said.get(name)]
    problems += [f'{n!r} is unknown; {nearest_names(n, names)}' for n in said if n not in names]
    for part in ('mean', 'deviation'):
        scores = said.get(part) or {}
        problems += [
            f'{part} of {name} is {value!r}; expected 0 to 1'
            for name, value in scores.items()
            if not isinstance(value, int | float) or not 0 <= value <= 1
        ]
    alone = sorted(set(said.get('deviation') or {}) - set(said.get('mean') or {}))
    problems += [f'{name} has a deviation and no mean' for name in alone]
    if said.get('deviation') and (said.get('seeds') or 0) < 2:
        problems.append(f'a deviation over {said.get("seeds")} seeds; expected two at least')
    problems += [
        f'cost {name!r} is unknown; {nearest_names(name, COSTS)}'
        for name in said.get('cost') or {}
        if name not in COSTS
    ]
    if said.get('source') and not said.get('checked'):
        problems.append('a published figure must say how it was checked')
    if not said.get('source') and not said.get('commit'):
        problems.append('a figure of our own must name the commit of its code')
    return problems


def read_metafile(path: str | Path) -> list[Result]:
    """Results of a metafile, in its order.

    Raises:
        InputError: It is no metafile, or says a row twice; every problem of every row at once.
    """
    path = Path(path)
    entries = _content(path)['results']
    results, problems = [], []
    for number, said in enumerate(entries):
        try:
            results.append(Result.of(said, f'result {number}'))
        except InputError as error:
            problems.append(str(error).replace('\n', '\n    '))
    keys = [result.key for result in results]
    twice = {key for key in keys if keys.count(key) > 1}
    problems += [
        f'{" / ".join(filter(None, key))} stands in it more than once' for key in sorted(twice)
    ]
    raise_together(InputError, f'{path}: cannot be used', problems)
    return results


def _content(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        return {**content, 'results': list(content['results'])}
    except (yaml.YAMLError, TypeError, KeyError, OSError) as error:
        raise InputError(f'{path}: cannot be read; expected results: [...] ({error!r})') from error


def read_method(path: str | Path) -> Method:
    """What the method of a folder of configs rests on.

    Raises:
        InputError: The file is no metafile, or does not say it.
    """
    content = _content(Path(path))
    paper, basis = content.get('paper'), content.get('basis')
    problems = [] if paper else ['paper is missing; "none in particular" where there is none']
    if basis not in BASES:
        problems.append(f'basis is {basis!r}; expected one of {", ".join(BASES)}')
    cure = 'Write "paper: authors, year and title" and "basis: ..." above "results:".'
    raise_together(InputError, f'{path}: does not say what the method rests on', problems, cure)
    return Method(str(paper), str(basis))


def title_of(data_set: str) -> str:
    """Heading of a data set."""
    return TITLES.get(data_set, data_set)


def metafiles(root: str | Path) -> list[Path]:
    """Every metafile of a checkout, in order."""
    return sorted(path for name in FOLDERS for path in Path(root).glob(f'{name}/*/{METAFILE}'))


def all_results(root: str | Path) -> list[Result]:
    """The results of every metafile of a checkout, in order."""
    return [result for path in metafiles(root) for result in read_metafile(path)]


def put_results(path: str | Path, results: Iterable[Result]) -> None:
    """Add results to a metafile; a row with the same key is replaced where it stands.

    Raises:
        InputError: The metafile cannot be read.
        OutputError: It cannot be written; what stood there is unchanged.
    """
    path = Path(path)
    rows, rest = {}, {}
    if path.is_file():
        rows = {result.key: result for result in read_metafile(path)}
        rest = {name: part for name, part in _content(path).items() if name != 'results'}
    for result in results:
        rows[result.key] = Result.of(result.to_yaml(), result.title)
    content = {**rest, 'results': [result.to_yaml() for result in rows.values()]}
    with written_whole(path) as file:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        file.write_text(HEAD + text, encoding='utf-8')


def over_seeds(
    runs: Sequence[Mapping[str, float]], digits: int = 6
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and deviation (n - 1) of the scores that every run has; no deviation of one run."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    mean = {name: sum(run[name] for run in runs) / len(runs) for name in names}
    deviation = {}
    if len(runs) > 1:
        deviation = {
            name: (sum((run[name] - mean[name]) ** 2 for run in runs) / (len(runs) - 1)) ** 0.5
            for name in names
        }
    return _rounded(mean, digits), _rounded(deviation, digits)


def _rounded(scores: Mapping[str, float], digits: int) -> dict[str, float]:
    return {name: round(value, digits) for name, value in scores.items()}
