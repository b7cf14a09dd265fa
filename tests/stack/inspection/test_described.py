"""Scenes are looked at as they are read: what the description cures is no fault any more."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from fusionls.stack import build_stack
from fusionls.stack.inspection import inspect_scene


@pytest.fixture
def described(tmp_path, write_raster, ground, picture):
    """Writes a scene of four bands and a DEM with undeclared holes, and returns its path."""
    dem = ground()
    write_raster('optical.tif', picture(dem))
    dem[30:60, 30:90] = -9999
    write_raster('dem.tif', dem)

    def write(terrain: str = 'nodata: -9999', bands: str = 'red, green, blue, nir', rest: str = ''):
        layers = ', '.join(f'optical_{band}' for band in bands.split(', '))
        text = f"""
            modalities:
              optical: {{sources: [{{file: optical.tif, layers: [{layers}]}}]}}
              terrain:
                sources: [{{file: dem.tif, layers: [terrain_elevation], {terrain}}}]
        """
        path = tmp_path / 'SCENE.yaml'
        path.write_text(textwrap.dedent(text) + textwrap.dedent(rest))
        return path

    return write


def faults(path):
    return [(f.subject, f.check) for f in inspect_scene(path).faults]


def test_a_sound_scene_has_no_fault_and_becomes_a_stack(described, tmp_path):
    path = described()
    inspection = inspect_scene(path)
    assert inspection.faults == []
    assert inspection.exit_code == 0
    assert [f.subject for f in inspection.facts] == ['optical: optical.tif', 'terrain: dem.tif']
    assert build_stack(path, tmp_path / 'stack').manifest.coregistration['measured']['shifts']


def test_what_the_description_forgets_is_told(described):
    assert faults(described(terrain='unit: m')) == [('terrain: dem.tif', 'nodata')]


def test_a_unit_that_does_not_fit_is_told(described):
    found = faults(described(terrain='nodata: -9999, unit: km'))
    assert ('terrain: dem.tif', 'unit') in found


def test_bands_in_the_wrong_order_are_told(described):
    assert faults(described(bands='nir, red, green, blue')) == [('optical: optical.tif', 'bands')]


def test_mistakes_of_form_and_missing_files_stand_beside_the_rest(described):
    path = described(terrain='unit: furlong', rest='  insar: {sources: [{file: gone.tif, layers: '
                     '[insar_coherence]}]}\nweather: fine\n')  # fmt: skip
    inspection = inspect_scene(path)
    texts = ' '.join(f.text for f in inspection.faults)
    for part in ('weather', 'gone.tif: no such file', 'furlong'):
        assert part in texts
    assert inspection.exit_code == 1


def test_a_source_beyond_the_scene_is_an_error(described, write_raster, ground):
    write_raster('dem.tif', ground(), west=900_000.0)
    assert ('terrain: dem.tif', 'overlap') in faults(described())


def test_a_source_of_another_planet_is_an_error_and_no_crash(described, write_raster, ground):
    write_raster('dem.tif', ground(), crs='IAU_2015:49910', west=0.0, north=0.0)
    inspection = inspect_scene(described(terrain='unit: m'))
    assert any(f.subject == 'terrain: dem.tif' and f.severity == 'error' for f in inspection.faults)


def test_only_the_part_inside_the_scene_is_judged(described, write_raster, ground):
    wide = np.full((256, 600), -32768, np.float32)  # undeclared holes, but all of them outside
    wide[:, :256] = ground()
    write_raster('dem.tif', wide)
    assert faults(described(terrain='unit: m')) == []


@pytest.mark.real_data
@pytest.mark.parametrize('scene', ['puthumala', 'rocky_mountains'])
def test_the_scenes_of_the_demo_have_no_fault(scene, real_data, monkeypatch):
    monkeypatch.setenv('FUSIONLS_REAL_DATA', str(real_data))
    path = Path(__file__).parents[3] / 'demo' / 'scenes' / f'{scene}.yaml'
    assert faults(path) == []
