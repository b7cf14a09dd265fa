"""Write docs/model_zoo.md and docs/models.md from the records of the zoo and the metafiles.

Example:
    python tools/dev/render_models.py [--check] [--print costs]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionls.config import config_digest, leaf_configs, load_config
from fusionls.console import run_tool
from fusionls.evaluation.metafile import (
    BASES,
    METAFILE,
    Result,
    all_results,
    read_method,
    title_of,
)
from fusionls.evaluation.records import FAILED, Record, read_records

ROOT = Path(__file__).parents[2]
COSTS = 'docs/model_zoo.json'
LEARNED = 'benchmarks/zoo/overfit.json'
MARS = 'mars_mmls_v2'
USUAL_STEPS = 300
"""A model is given so many in the overfit check, where nobody says otherwise."""
MOST_NAMED = 12
"""More configs than that are not listed one by one."""
TASKS = {
    'maps': 'Maps',
    'instances': 'Instances',
    'boxes': 'Boxes',
    'tiles': 'Classes of tiles',
}
HEADLINES = {
    'landslide/f1': 'F1',
    'landslide/iou': 'IoU',
    'landslide/miou': 'mIoU',
    'landslide/coco_mask_ap50': 'mask AP50',
    'landslide/coco_box_ap50': 'box AP50',
    'landslide/coco_box_ap75': 'box AP75',
    'landslide/object_f1': 'object F1',
    'landslide/tile_accuracy': 'accuracy',
    'landslide/tile_f1': 'F1 of tiles',
}
"""Scores of the tables, by name."""
OF_TASK = {
    'maps': ('landslide/f1', 'landslide/iou'),
    'instances': ('landslide/coco_mask_ap50', 'landslide/f1'),
    'boxes': ('landslide/coco_box_ap50',),
    'tiles': ('landslide/tile_accuracy', 'landslide/tile_f1'),
}
"""What a model is told by, by task; the first of them first."""
EARLIER = '†'
"""Behind what was measured with other settings than the config has today."""
MARK = re.compile(r'<!-- (\w+): rendered -->\n.*?<!-- end \1 -->', re.S)


@dataclass(frozen=True)
class Leaf:
    """What the name of a config says.

    Attributes:
        path: Of the config, from the root of the checkout.
        method: Its folder.
        encoder: Of the model.
        modalities: As the name has them: ``opt``, ``opttertherm``.
        budget: Batch, epochs, data set and tile: what must be equal for figures to compare.
    """

    path: Path
    method: str
    encoder: str
    modalities: str
    budget: str

    @classmethod
    def of(cls, path: Path, root: Path) -> Leaf:
        """Read the name."""
        method = path.parent.name
        rest = path.stem.removeprefix(f'{method}_')
        encoder, modalities, budget = re.fullmatch(r'(.+?)_([a-z]+)_(\d+xb.+)', rest).groups()  # type: ignore[union-attr]  # tests hold every name
        return cls(path.relative_to(root), method, encoder, modalities, budget)

    @property
    def link(self) -> str:
        """The config, named by method and encoder, for a page of docs."""
        return f'[{self.method} {self.encoder}](../{self.path.as_posix()})'


@dataclass(frozen=True)
class Zoo:
    """Everything the pages are made of."""

    root: Path
    leaves: Mapping[str, Leaf]
    costs: Mapping[str, Record]
    learned: Mapping[str, Record]
    results: Sequence[Result]
    digests: Mapping[str, str]

    @classmethod
    def of(cls, root: Path) -> Zoo:
        """That of a checkout."""
        paths = {path.stem: path for path in leaf_configs(root)}
        costs, learned = read_records(root / COSTS), read_records(root / LEARNED)
        told = {
            stem for records in (costs, learned) for stem, r in records.items() if 'config' in r
        }
        return cls(
            root,
            {stem: Leaf.of(path, root) for stem, path in paths.items()},
            costs,
            learned,
            all_results(root),
            {stem: config_digest(load_config(paths[stem])) for stem in sorted(told & set(paths))},
        )

    def mark(self, stem: str, record: Record | None) -> str:
        """A mark where a record is of earlier settings of its config, else nothing."""
        said = (record or {}).get('config')
        return EARLIER if said and said != self.digests.get(stem) else ''

    def task(self, stem: str) -> str:
        """What a config gives, as far as a record says it."""
        records = (self.costs.get(stem, {}), self.learned.get(stem, {}))
        return next((str(r['task']) for r in records if 'task' in r), '')

    def trained(self, stem: str) -> Result | None:
        """Figures of a config, shown all that it knows."""
        rows = (row for row in self.results if row.model == stem and row.whole)
        return next((row for row in rows if not row.published), None)


def costs_part(zoo: Zoo) -> list[str]:
    """A table per task: what every model weighs, costs, scores, and whether it learned."""
    lines: list[str] = []
    for task, heading in TASKS.items():
        rows = [stem for stem in zoo.leaves if zoo.task(stem) == task]
        if rows:
            lines += [f'## {heading}', '']
            head = ['model', 'modalities', 'budget', 'parameters', 'GFLOPs', 'CPU ms', 'MB, map']
            lines += table(
                [*head, 'MB, step', HEADLINES[OF_TASK[task][0]], 'four tiles'],
                [_cost_row(zoo, stem) for stem in rows],
                words=3,
            )
    broken = {stem: r[FAILED] for stem, r in zoo.costs.items() if FAILED in r}
    if broken:
        said = [f'- `{stem}`: {why}' for stem, why in broken.items()]
        lines += ['## Could not be measured', '', *said, '']
    named = set(zoo.costs) | set(zoo.learned)
    missing = {stem: leaf.method for stem, leaf in zoo.leaves.items() if stem not in named}
    if missing:
        told = [f'`{stem}`' for stem in missing]
        if len(told) > MOST_NAMED:
            count = Counter(missing.values())
            told = [f'`{method}` ({number})' for method, number in count.items()]
        lines += [
            '## Not measured',
            '',
            f'Configs not measured yet, or that only pre-train: {", ".join(told)}.',
        ]
    return lines


def _cost_row(zoo: Zoo, stem: str) -> list[str]:
    leaf, trained = zoo.leaves[stem], zoo.trained(stem)
    score, cost = OF_TASK[zoo.task(stem)][0], zoo.costs.get(stem)
    learned = zoo.learned.get(stem)
    shown = _costs(cost)
    return [
        leaf.link,
        ', '.join(cost.get('modalities', ())) if cost else leaf.modalities,
        leaf.budget,
        shown[0] + zoo.mark(stem, cost),
        *shown[1:],
        '–' if trained is None else trained.cell(score),
        _learned(learned) + zoo.mark(stem, learned),
    ]


def _costs(record: Record | None) -> list[str]:
    if record is None or FAILED in record:
        return ['–'] * 5
    held = record['parameters'] - record['trainable']
    return [
        f'{record["parameters"] / 1e6:.2f} M' + (f' ({held / 1e6:.2f} M held)' if held else ''),
        f'{record["gflops"]:.2f}',
        f'{record["latency_ms"]:.0f}',
        f'{record["predict_mb"]:.0f}',
        f'{record["step_mb"]:.0f}' if record['trainable'] else '–',
    ]


def _learned(record: Record | None) -> str:
    if record is None:
        return '–'
    if FAILED in record:
        return '**broke**'
    if not record['passed']:
        return '**failed**'
    of = '' if record['most_steps'] == USUAL_STEPS else f' of {record["most_steps"]}'
    return f'{record["steps"]}{of} steps, lr {record["lr"]:g}'


def learned_part(zoo: Zoo) -> list[str]:
    """How many models learned four tiles, and every one that did not."""
    rows = {stem: r for stem, r in zoo.learned.items() if stem in zoo.leaves}
    passed = {stem: r for stem, r in rows.items() if r.get('passed')}
    others = {stem: r for stem, r in rows.items() if not r.get('passed')}
    lines = [f'{len(passed)} of {len(rows)} models that were tried learned their four tiles.', '']
    if passed:
        steps = sorted(r['steps'] for r in passed.values())
        minutes = sum(r['cpu_minutes'] for r in passed.values())
        lines[0] += (
            f' They took {steps[0]} to {steps[-1]} steps, half of them {steps[len(steps) // 2]} or '
            f'less, and {minutes:.0f} CPU minutes in all.'
        )
    if others:
        lines += table(
            ['model', 'modalities', 'asked for', 'last', 'best', 'steps', 'lr', 'what happened'],
            [_failed_row(zoo, stem, record) for stem, record in others.items()],
            words=3,
            last_is_words=True,
        )
        lines += ['What was found, as the READMEs of the methods say it:', '']
        for method in sorted({zoo.leaves[stem].method for stem in others}):
            told = found(zoo.root / 'configs' / method / 'README.md')
            lines.append(f'- [{method}](../configs/{method}/README.md): {told}')
    return lines


def found(readme: Path) -> str:
    """What a README says of the check on four tiles, in one line; a dash if nothing."""
    text = readme.read_text(encoding='utf-8') if readme.is_file() else ''
    said = re.search(r'\*\*Four tiles\.\*\* (.*?)(?:\n\n|\Z)', text, re.S)
    return _unlinked(said[1]) if said else '–'


def _failed_row(zoo: Zoo, stem: str, record: Record) -> list[str]:
    leaf = zoo.leaves[stem]
    link = leaf.link + zoo.mark(stem, record)
    if FAILED in record:
        return [link, leaf.modalities, *['–'] * 5, record[FAILED]]
    asked = f'{HEADLINES[record["score_name"]]} over {record["bar"]:g}'
    return [
        link,
        leaf.modalities,
        asked,
        f'{record["score"]:.3f}',
        f'{record["best"]:.3f}',
        str(record['steps']),
        f'{record["lr"]:g}',
        record['stopped'] or 'the steps were over',
    ]


def runs_part(zoo: Zoo) -> list[str]:
    """Where and when the records were made."""
    lines = []
    for told, records in (('Cost', zoo.costs), ('Four tiles', zoo.learned)):
        for machine in sorted({r['machine'] for r in records.values()}):
            made = [r for r in records.values() if r['machine'] == machine]
            dates = sorted({r['date'] for r in made})
            commits = ', '.join(f'`{commit}`' for commit in sorted({r['commit'] for r in made}))
            when = ' to '.join(dict.fromkeys((dates[0], dates[-1])))
            lines.append(f'- {told}: {len(made)} models on {machine}; {when}; commits {commits}.')
    return lines


def methods_part(zoo: Zoo) -> list[str]:
    """Every folder of configs: what it is, and what stands in it."""
    rows = []
    for method in sorted({leaf.method for leaf in zoo.leaves.values()}):
        leaves = [leaf for leaf in zoo.leaves.values() if leaf.method == method]
        folder = zoo.root / 'configs' / method
        title, what = _told(folder / 'README.md')
        rests = read_method(folder / METAFILE)
        shown = f'[{title or method}](../configs/{method}/README.md)' if title else f'`{method}`'
        tasks = {zoo.task(stem) for stem, one in zoo.leaves.items() if one.method == method}
        rows.append(
            [
                shown,
                what,
                rests.paper,
                BASES[rests.basis],
                ', '.join(TASKS[task].lower() for task in TASKS if task in tasks) or '–',
                ', '.join(sorted({leaf.encoder for leaf in leaves})),
                str(len(leaves)),
            ]
        )
    head = ['method', 'what', 'paper', 'here', 'gives', 'encoders', 'configs']
    return table(head, rows, words=len(head) - 1)


def _told(readme: Path) -> tuple[str, str]:
    """Heading of a README, and the first sentence under it."""
    if not readme.is_file():
        return '', ''
    heading, _, rest = readme.read_text(encoding='utf-8').partition('\n')
    paragraph = _unlinked(rest.strip().partition('\n\n')[0])
    # neither an initial nor "et al." ends a sentence
    sentence = re.match(r'.*?(?<=[a-z0-9)`]{2})(?<! al)\.(?= |$)', paragraph)
    return heading.removeprefix('# ').strip(), sentence[0] if sentence else paragraph


def _unlinked(text: str) -> str:
    """In one line, without links: they lead from elsewhere."""
    return re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', ' '.join(text.split()))


def trained_part(zoo: Zoo) -> list[str]:
    """Optical only and fused side by side, one table per budget and kind of figure."""
    pairs: dict[tuple[str, str, str], dict[tuple[str, str], dict[str, Result]]] = {}
    for stem, leaf in zoo.leaves.items():
        row = zoo.trained(stem)
        if row is not None and row.data_set == MARS:
            group = pairs.setdefault((leaf.budget, row.kind, row.split), {})
            group.setdefault((leaf.method, leaf.encoder), {})[leaf.modalities] = row
    lines: list[str] = []
    for (budget, kind, split), rows in sorted(pairs.items()):
        if any(len(one) > 1 for one in rows.values()):
            given = [row for one in rows.values() for row in one.values()]
            tiles = sorted({str(row.test_tiles) for row in given if row.test_tiles})
            tested = f'; {" or ".join(tiles)} test tiles' if tiles else ''
            lines += [f'### {budget}: {kind}', '', f'Split: {split}{tested}.', '']
            lines += _side_by_side(zoo, rows)
    return lines or ['None yet.', '']


def _side_by_side(zoo: Zoo, rows: Mapping[tuple[str, str], Mapping[str, Result]]) -> list[str]:
    given = [row for one in rows.values() for row in one.values()]
    # instances are scored as boxes and as a map too, boxes as a map
    tasks = ('instances', 'boxes', 'tiles', 'maps')
    scores = next(OF_TASK[t] for t in tasks if any(OF_TASK[t][0] in row.mean for row in given))
    head = ['method', 'encoder']
    head += [f'{HEADLINES[s]}, {which}' for s in scores for which in ('optical', 'fused')]
    head += ['gain', 'parameters, optical', 'fused', 'CPU min, optical', 'fused', 'seeds']
    head.append('published, on other tiles of this set or on the set named')
    body = []
    for (method, encoder), one in rows.items():
        optical = one.get('opt')
        # the one with most modalities; terrain alone is neither
        most = max((m for m in one if m.startswith('opt') and m != 'opt'), key=len, default='')
        fused = one.get(most)
        both = [optical, fused]
        cells = ['–' if r is None else r.cell(score) for score in scores for r in both]
        cells.append(
            f'{100 * (fused.mean[scores[0]] - optical.mean[scores[0]]):+.1f}'
            if optical and fused
            else '–'
        )
        cells += [_millions(row) for row in both] + [_minutes(row) for row in both]
        cells.append(' / '.join(dict.fromkeys(str(r.seeds) for r in both if r is not None)))
        published = [r for r in zoo.results if r.method == method]
        told = [_published_cell(r) for r in published if r.data_set == MARS]
        told = told or [f'{title_of(r.data_set)}: {_published_cell(r)}' for r in published]
        body.append([method, encoder, *cells, '; '.join(told) or '–'])
    return table(head, body, words=2, last_is_words=True)


def _millions(row: Result | None) -> str:
    return f'{row.cost["parameters"] / 1e6:.1f} M' if row and 'parameters' in row.cost else '–'


def _minutes(row: Result | None) -> str:
    return f'{row.cost["cpu_minutes"]:.0f}' if row and 'cpu_minutes' in row.cost else '–'


def _published_cell(row: Result) -> str:
    return f'{_figures(row)} ({row.kind}; {row.split})'


def _figures(row: Result) -> str:
    return ', '.join(f'{t} {row.mean[s]:.3f}' for s, t in HEADLINES.items() if s in row.mean)


def published_part(zoo: Zoo) -> list[str]:
    """Published figures of architectures that have a folder here, on any data set."""
    rows = [row for row in zoo.results if row.method]
    return table(
        ['method', 'published as', 'data set', 'split', 'kind', 'figures', 'source', 'checked'],
        [
            [
                row.method,
                row.title,
                title_of(row.data_set),
                row.split,
                row.kind,
                _figures(row),
                row.source,
                row.checked,
            ]
            for row in sorted(rows, key=lambda row: (row.method, row.data_set))
        ],
        words=8,
    )


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: int,
    last_is_words: bool = False,
) -> list[str]:
    """A Markdown table; the first columns hold words, the others numbers."""
    numbers = len(head) - words
    sides = ['---'] * words + ['---:'] * (numbers - last_is_words) + ['---'] * last_is_words
    lines = [head, sides, *rows]
    return [*('| ' + ' | '.join(c.replace('|', r'\|') for c in line) + ' |' for line in lines), '']


PARTS = {
    'costs': costs_part,
    'learned': learned_part,
    'runs': runs_part,
    'methods': methods_part,
    'trained': trained_part,
    'published': published_part,
}
"""What stands between the marks of the pages, by the name of the mark."""
PAGES = ('docs/model_zoo.md', 'docs/models.md')


def rendered(text: str, zoo: Zoo) -> str:
    """A page with everything between its marks renewed."""

    def renewed(found: re.Match[str]) -> str:
        name = found[1]
        body = '\n'.join(PARTS[name](zoo)).strip('\n')
        return f'<!-- {name}: rendered -->\n\n{body}\n\n<!-- end {name} -->'

    return MARK.sub(renewed, text)


def main() -> int:
    """Write the pages; with --check only say whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--check', action='store_true', help='write nothing; 1 if out of date')
    parser.add_argument('--print', choices=PARTS, help='print this part too', dest='shown')
    args = parser.parse_args()
    zoo = Zoo.of(ROOT)
    stale = 0
    for name in PAGES:
        path = ROOT / name
        text = path.read_text(encoding='utf-8')
        new = rendered(text, zoo)
        if not args.check:
            path.write_text(new, encoding='utf-8')
        elif new != text:
            print(f'{name} is out of date; run tools/dev/render_models.py')
            stale = 1
    if args.shown:
        print('\n'.join(PARTS[args.shown](zoo)))
    return stale


if __name__ == '__main__':
    sys.exit(run_tool(main))
