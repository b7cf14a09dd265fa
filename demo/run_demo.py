"""The main job on simulated valleys: raw products to stack, model, map, inventory, picture, table.

Two valleys train a model with four branches; a third one, on ground it never saw, is mapped with
all sensors and with each sensor alone, by the same checkpoint. Everything here is simulated.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio

from fusionls import apis
from fusionls.console import progress_bar, run_tool
from fusionls.evaluation.functional.confusion import count_pixels
from fusionls.evaluation.functional.objects import label_objects, match_labels
from fusionls.geo.raster_io import written_whole
from fusionls.geo.vector_io import read_polygons
from fusionls.simulation import simulate_valley
from fusionls.stack.layer_stack import LayerStack
from fusionls.visualization import draw_panels

CONFIG = Path('configs/compensating/compensating_resnet10t_optterinslid_1xb8_30e_valley_t128.py')
TRAINING, UNSEEN = (1, 2), 3
"""Seeds of the valleys."""
SIZE = 1024  # base pixels per side: 5.1 km
LEAST_AREA_M2 = 500.0  # smaller objects are specks, on both sides of the comparison
IOU = 0.5  # from here on a predicted and a true landslide are the same


def log(text: str, started: float) -> None:
    """Say what is happening, with the minutes gone."""
    print(f'[{(time.monotonic() - started) / 60:4.1f} min] {text}', flush=True)


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=Path('demo/output'))
    parser.add_argument('--size', type=int, default=SIZE, help='base pixels per valley side')
    parser.add_argument('--epochs', type=int, help='fewer or more than the config says')
    args = parser.parse_args()
    started = time.monotonic()

    for seed in (*TRAINING, UNSEEN):
        scene = simulate_valley(args.out / 'raw' / f'valley_{seed}', seed=seed, size=args.size)
        stack = apis.build_stack(scene, args.out / 'stacks' / f'valley_{seed}', overwrite=True)
        log(f'simulated and stacked {stack.name}: {", ".join(stack.modalities)}', started)

    config = demo_config(args.out, args.epochs)
    log(f'training {CONFIG.stem} on valleys {TRAINING} (log in {config.work_dir})', started)
    runner = apis.train(config)
    checkpoint = Path(config.work_dir) / f'epoch_{runner.epoch}.pth'
    log(f'trained: {checkpoint}', started)

    unseen = LayerStack.open(args.out / 'stacks' / f'valley_{UNSEEN}')
    everything = list(unseen.modalities)
    maps = args.out / 'maps'
    probability, support = maps / 'probability_all.tif', maps / 'support.tif'
    with progress_bar('mapping with every subset of the sensors') as bar:
        apis.predict_scene(
            config,
            checkpoint,
            unseen.folder,
            probability,
            window=256,
            overlap=64,
            support=support,
            subset_maps=maps,
            progress=lambda done, total: bar.report(done, total, 'mapping with every subset'),
        )
    rows = [('all four', scores(unseen, probability))]
    rows += [(f'{m} alone', scores(unseen, maps / f'probability_{m}.tif')) for m in everything]
    log('mapped the unseen valley', started)

    inventory = args.out / 'inventory.gpkg'
    landslides = apis.make_inventory(
        probability, inventory, stack=unseen, support=support, min_area_m2=LEAST_AREA_M2
    )
    picture = draw_panels(
        unseen,
        args.out / 'picture.png',
        probability=probability,
        inventory=landslides,
        panels=('optical', 'lidar_hillshade', 'velocity', 'truth', 'probability', 'prediction'),
    )
    text = table(rows) + '\n' + carried(landslides, everything)
    with written_whole(args.out / 'table.md') as beside:
        beside.write_text(text)
    print('\n' + text)
    log('done. Everything below is simulated:', started)
    for path, what in (
        (probability, 'landslide probability, GeoTIFF'),
        (support, 'how much each sensor carried it, a band each'),
        (inventory, f'{len(landslides)} landslides with attributes, opens styled in QGIS'),
        (picture, 'what each sensor saw, the truth, the prediction'),
        (args.out / 'table.md', 'the tables above'),
    ):
        print(f'  {path}: {what}')


def demo_config(out: Path, epochs: int | None) -> Any:
    """The config with its stacks and its work folder under ``out``."""
    options: dict[str, Any] = {'work_dir': str(out / 'training'), 'log_level': 'ERROR'}
    for loader, seeds in (
        ('train_dataloader', TRAINING),
        ('val_dataloader', (UNSEEN,)),
        ('test_dataloader', (UNSEEN,)),
    ):
        options[f'{loader}.dataset.stacks'] = [str(out / f'stacks/valley_{s}') for s in seeds]
    if epochs:
        options['train_cfg.max_epochs'] = epochs
        options['train_cfg.val_interval'] = epochs
    config = apis.load_config(CONFIG, options)
    config.custom_hooks.append(dict(type='fusionls.ProgressLine'))
    return config


def scores(stack: LayerStack, probability: Path) -> dict[str, float]:
    """Pixel and matched-object scores of a map against the truth, over the whole scene.

    What the sensors shown cannot see (no valid pixel) counts as no landslide: a map from one
    sensor is to be judged by the landslides of the valley, not of its own swath.
    """
    with rasterio.open(probability) as dataset:
        predicted = np.nan_to_num(dataset.read(1)) > 0.5
    truth = stack.read_labels(stack.grid.window)
    polygons = read_polygons(stack.folder / 'landslides.gpkg', stack.grid.crs)
    numbered = rasterio.features.rasterize(
        zip(polygons.geometry, range(1, len(polygons) + 1), strict=True),
        stack.grid.shape,
        transform=stack.grid.transform,
        dtype='int32',
    )
    least = round(LEAST_AREA_M2 / stack.grid.pixel**2)
    match = match_labels(label_objects(predicted, min_pixels=least), numbered, iou_threshold=IOU)
    found = match.recall_by_type(dict(enumerate(polygons['type'], start=1)))
    by_type = {f'found_{kind}': hit / count for kind, (hit, count) in found.items()}
    return {**count_pixels(predicted, truth).scores(), **match.counts.scores(), **by_type}


def table(rows: list[tuple[str, dict[str, float]]]) -> str:
    """The scores as a Markdown table."""
    columns = [
        ('object_f1', 'object F1'),
        ('object_precision', 'precision'),
        ('object_recall', 'recall'),
        ('found_fresh', 'fresh found'),
        ('found_old', 'old found'),
        ('found_slow', 'slow found'),
        ('f1', 'pixel F1'),
        ('iou', 'pixel IoU'),
    ]
    lines = [
        f'| sensors | {" | ".join(title for _, title in columns)} |',
        '|---|' + '---:|' * len(columns),
    ]
    for name, values in rows:
        cells = ' | '.join(f'{values.get(key, float("nan")):.2f}' for key, _ in columns)
        lines.append(f'| {name} | {cells} |')
    lines.append('')
    lines.append(
        f'Simulated valley {UNSEEN}, never seen in training; one checkpoint, shown all sensors or '
        f'one. Objects match from IoU {IOU} on and {LEAST_AREA_M2:.0f} m2.'
    )
    return '\n'.join(lines) + '\n'


def carried(landslides: geopandas.GeoDataFrame, modalities: list[str]) -> str:
    """Which sensor carried how many of the landslides, as a Markdown table."""
    columns = landslides[[f'support_{name}' for name in modalities]]
    most = columns.to_numpy().argmax(axis=1)
    lines = ['| sensor | carried most of | mean share of the log-odds |', '|---|---:|---:|']
    for number, name in enumerate(modalities):
        mean = columns[f'support_{name}'].mean()
        lines.append(f'| {name} | {int((most == number).sum())} landslides | {mean:+.2f} |')
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
