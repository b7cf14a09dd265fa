"""The files a scene description names, read as it says.

Flow: SCENE.yaml -> stack.scene, its sources -> [here] -> inspection.findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyproj

from fusionls.errors import FusionlsError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import opened
from fusionls.geo.resample import Resampler
from fusionls.geo.window import Window
from fusionls.quantities import Kind
from fusionls.sources.rasters import SourceRaster
from fusionls.sources.source import Source
from fusionls.stack.base_grid import base_grid
from fusionls.stack.inspection.facts import facts_of
from fusionls.stack.inspection.findings import Finding, Inspection, Severity
from fusionls.stack.inspection.meaning import band_findings, range_findings, steepness_findings
from fusionls.stack.inspection.motion import motion_findings
from fusionls.stack.inspection.pixels import declared_findings, pixel_findings
from fusionls.stack.inspection.roles import ELEVATION
from fusionls.stack.inspection.together import Placed, ground_pixel, together_findings
from fusionls.stack.sample import Sample
from fusionls.stack.scene import Scene
from fusionls.stack.scene_parts import SceneSource


def inspect_scene(scene_yaml: str | Path) -> Inspection:
    """Look at everything a scene description names, as it will be read.

    Raises:
        FileMissingError: There is no such description.
        SceneError: It is no YAML.
    """
    scene, problems = Scene.parsed(scene_yaml)
    opened_: list[tuple[str, SceneSource, Source]] = []
    for modality in scene.modalities:
        for said in modality.sources:
            try:
                opened_ += [(modality.name, said, source) for source in said.open()]
            except FusionlsError as error:
                problems.append(f'{modality.name}: {error}')
    base = base_grid(scene.grid, (opened_[0][2],), problems) if opened_ else None
    inspection = Inspection()
    inspection.add([Finding(Severity.ERROR, scene.path.name, 'scene', p) for p in problems])
    placed: list[Placed] = []
    for name, said, source in opened_:
        placed += _look(source, said, name, base, inspection)
    inspection.add(list(together_findings(placed)))
    return inspection


def _look(
    source: Source, said: SceneSource, modality: str, base: Grid | None, inspection: Inspection
) -> Iterator[Placed]:
    """Look at one source; yields it as it can be compared with others."""
    subject = f'{modality}: {source.path.name}'
    try:
        here = source if base is None else source.on(base)
        sample = _sampled(subject, here, base)
        inspection.add(list(_as_stored(sample, source, said)))
    except (FusionlsError, pyproj.exceptions.ProjError) as error:
        inspection.add([Finding(Severity.ERROR, subject, 'file', str(error))])
        return
    inspection.facts.append(facts_of(sample, ', '.join(source.layers), f'product {said.product}'))
    for findings in (
        pixel_findings(sample),
        range_findings(sample),
        motion_findings(sample, 'reference' in said.options),
        steepness_findings(sample, ground_pixel(here.grid)),
        band_findings(sample, _descriptions(source)),
    ):
        inspection.add(list(findings))
    whole = [i for i, kind in enumerate(source.kinds) if kind is Kind.CONTINUOUS][:3]
    role = source.layers[whole[0]] if whole else ''

    def read(window: Window) -> tuple[FloatArray, BoolArray]:
        values, valid = here.read(window)
        return values[whole], valid[whole]

    yield Placed(
        subject,
        here.grid,
        ELEVATION if role.startswith(ELEVATION) else role,
        read,
        len(whole),
    )


def _sampled(subject: str, source: Source, base: Grid | None) -> Sample:
    """A sample of that part of a source that lies in the scene; of all where none does."""
    inside = None if base is None else Resampler(source.grid, base).source_window(base.window)
    part = inside or source.grid.window

    def read(window: Window) -> tuple[FloatArray, BoolArray]:
        there = replace(window, row=window.row + part.row, col=window.col + part.col)
        return source.read(there)

    return Sample.of(subject, source.grid.part(part), source.layers, read)


def _as_stored(sample: Sample, source: Source, said: SceneSource) -> Iterator[Finding]:
    """What the file of a plain raster says of itself."""
    if isinstance(source, SourceRaster) and not said.options.get('ignore_nodata'):
        with opened(source.path) as dataset:
            yield from declared_findings(dataset, sample)


def _descriptions(source: Source) -> tuple[str | None, ...]:
    """Band descriptions of a plain raster, of those bands that are layers."""
    if not isinstance(source, SourceRaster):
        return ()
    with opened(source.path) as dataset:
        return tuple(dataset.descriptions[band - 1] for band in source.bands.values())
