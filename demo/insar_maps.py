"""Four InSAR maps from products as they were delivered, checked and drawn into one picture.

Campi Flegrei (LiCSBAS) rises, Mexico City (interferograms of GAMMA) sinks, the slope at Maoxian
(StaMPS points) moves before it fails; a simulated valley shows the velocity down the slope that
one ascending track tells, where it is not blind. Motion toward the satellite is blue.

Run:
    FUSIONLS_REAL_DATA=FOLDER python demo/insar_maps.py --out demo/output/insar
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fusionls import apis
from fusionls.console import run_tool
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import written_whole
from fusionls.simulation import simulate_valley
from fusionls.simulation.radar import HEADING, INCIDENCE
from fusionls.stack.layer_stack import UNMAPPED, LayerStack

SCENES = Path(__file__).parent / 'scenes'
SIZE = 768  # base pixels of the valley
SEED = 2
VOID, OUTLINE = '#d9d9d9', '#00a000'
STRETCH = 99.0  # percentile of the magnitude at the ends of the colour bar


@dataclass(frozen=True)
class Map:
    """One panel.

    Attributes:
        stack: The scene.
        layer: What is drawn, m/yr.
        title: Above it.
    """

    stack: LayerStack
    layer: str
    title: str

    def values(self) -> tuple[FloatArray, BoolArray]:
        """The layer, mm/yr, and valid."""
        values, valid = self.stack.read(self.stack.grid.window, ['insar'])['insar']
        index = self.stack.modalities['insar'].layers.index(self.layer)
        return values[index] * 1000, valid


def main() -> None:
    """Build the four stacks, say their numbers, draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=Path('demo/output/insar'))
    parser.add_argument('--picture', type=Path, help='JPEG to write (default: in --out)')
    parser.add_argument('--size', type=int, default=SIZE, help='base pixels of the valley')
    args = parser.parse_args()
    maps = built_maps(args.out, args.size)
    for shown in maps:
        values, valid = shown.values()
        low, middle, high = np.percentile(values[valid], [1, 50, 99])
        print(
            f'{shown.title}: {valid.mean():.0%} valid, {low:.1f} / {middle:.1f} / {high:.1f} mm/yr '
            '(percentiles 1, 50, 99)'
        )
    print(f'wrote {drawn(maps, args.picture or args.out / "insar.jpg")}')


def built_maps(out: Path, size: int) -> list[Map]:
    """The stacks, built from the scene descriptions beside this script."""
    told = {
        'campi_flegrei': ('insar_velocity_los_asc', 'Campi Flegrei, LiCSBAS: LOS velocity'),
        'mexico_city': ('insar_velocity_los_asc', 'Mexico City, 30 interferograms: LOS velocity'),
        'maoxian': ('insar_velocity_los', 'Maoxian, StaMPS points on pixels of 30 m: LOS velocity'),
    }
    found = [
        Map(apis.build_stack(SCENES / f'{name}.yaml', out / name, overwrite=True), layer, title)
        for name, (layer, title) in told.items()
    ]
    scene = valley_scene(out / 'raw' / 'valley', size)
    stack = apis.build_stack(scene, out / 'valley', overwrite=True)
    title = 'Simulated valley: velocity down the slope, of one track'
    return [*found, Map(stack, 'insar_velocity_downslope', title)]


def valley_scene(folder: Path, size: int) -> Path:
    """A simulated valley whose description asks for the velocity down the slope."""
    scene = simulate_valley(folder, seed=SEED, size=size)
    told = yaml.safe_load(scene.read_text())
    insar = told['modalities']['insar']
    insar['sources'][0] |= {'incidence': INCIDENCE, 'heading': HEADING}
    insar['derive'] = ['insar_sensitivity', 'insar_velocity_downslope']
    with written_whole(scene) as beside:
        beside.write_text(yaml.safe_dump(told, sort_keys=False))
    return scene


def drawn(maps: list[Map], out: Path) -> Path:
    """Draw the maps two by two; void is grey, mapped landslides are outlined."""
    figure = Figure(figsize=(9, 7.4), dpi=110, layout='constrained')
    FigureCanvasAgg(figure)
    for place, shown in enumerate(maps, start=1):
        axes = figure.add_subplot(2, 2, place, facecolor=VOID)
        values, valid = shown.values()
        limit = float(np.percentile(np.abs(values[valid]), STRETCH))
        image = axes.imshow(
            np.where(valid, values, np.nan), cmap='RdBu', vmin=-limit, vmax=limit,
            extent=(0, 1, 0, 1), interpolation='nearest',
        )  # fmt: skip
        axes.set_aspect(shown.stack.grid.rows / shown.stack.grid.cols)
        if shown.stack.has_labels:
            labels = shown.stack.read_labels(shown.stack.grid.window)
            known = (labels != UNMAPPED) & (labels != 0)
            x, y = ((np.arange(n) + 0.5) / n for n in reversed(labels.shape))
            axes.contour(x, 1 - y, known, [0.5], colors=OUTLINE, linewidths=0.7)
        axes.set_title(shown.title, fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
        wide = shown.stack.grid.cols * shown.stack.grid.pixel / 1000
        axes.set_xlabel(f'{wide:.1f} km wide', fontsize=7)
        bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.01)
        bar.set_label('mm/yr', fontsize=7)
        bar.ax.tick_params(labelsize=6)
    with written_whole(out) as beside:
        figure.savefig(beside, format='jpeg', facecolor='white', pil_kwargs={'quality': 85})
    return out


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
