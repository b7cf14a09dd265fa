from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionls.geo.window import Window
from fusionls.stack.align import aligned
from fusionls.stack.scene import Scene
from fusionls.stack.scene_parts import SceneGrid, SceneModality, SceneSource

ONES = np.ones((48, 48), np.float32)


def scene_of(*sources: tuple[Path, str], grid: SceneGrid | None = None) -> Scene:
    modalities = tuple(
        SceneModality(f'm{i}', (SceneSource((path,), (layer,)),))
        for i, (path, layer) in enumerate(sources)
    )
    return Scene(Path('SCENE.yaml'), 'x', modalities, grid or SceneGrid())


@pytest.mark.parametrize(
    ('pixel', 'factor'),
    [(5, 1), (10, 1), (15, 1), (16, 2), (30, 2), (32, 4), (40, 4), (63, 4), (64, 8), (500, 8)],
)
def test_the_factor_is_the_largest_power_of_two_up_to_a_quarter_coarser(
    write_raster, pixel, factor
):
    base = write_raster('base.tif', ONES)
    other = write_raster('other.tif', ONES, pixel=float(pixel))
    problems: list[str] = []
    scene = aligned(scene_of((base, 'optical_red'), (other, 'terrain_elevation')), problems)
    assert problems == []
    assert scene is not None
    assert scene.modalities[1].factor == factor
    assert scene.grid.rows % factor == 0


def test_the_coarsest_source_of_a_modality_decides(write_raster):
    base = write_raster('base.tif', ONES)
    fine, coarse = write_raster('f.tif', ONES, pixel=20.0), write_raster('c.tif', ONES, pixel=80.0)
    modality = SceneModality(
        'insar',
        (
            SceneSource((fine,), ('insar_velocity_los',)),
            SceneSource((coarse,), ('insar_coherence',)),
        ),
    )
    first = SceneModality('optical', (SceneSource((base,), ('optical_red',)),))
    scene = aligned(Scene(Path('s'), 'x', (first, modality)), [])
    assert scene is not None
    assert scene.modalities[1].factor == 8


def test_what_overhangs_the_scene_is_invalid(write_raster):
    scene = aligned(scene_of((write_raster('a.tif', ONES), 'optical_red')), [])
    assert scene is not None
    values, valid = scene.modalities[0].read(Window(-2, -3, 4, 4))
    assert valid[0].sum() == 2
    assert values.sum() == 2


def test_a_broken_first_source_does_not_hide_what_is_wrong_with_the_others(write_raster, tmp_path):
    far = write_raster('far.tif', ONES, west=900_000.0)
    problems: list[str] = []
    assert (
        aligned(scene_of((tmp_path / 'gone.tif', 'optical_red'), (far, 'nonsense')), problems)
        is None
    )
    assert len(problems) == 2
    assert 'gone.tif: no such file' in problems[0]
    assert "far.tif: layer 'nonsense' is unknown" in problems[1]


def test_oblong_pixels_of_the_first_source_need_a_pixel(tmp_path, write_raster):
    from affine import Affine

    path = write_raster('a.tif', ONES, transform=Affine(10, 0, 500_000, 0, -12, 4_000_000))
    problems: list[str] = []
    assert aligned(scene_of((path, 'optical_red')), problems) is None
    assert 'pixels of 10 x 12' in problems[0]
    scene = aligned(scene_of((path, 'optical_red'), grid=SceneGrid(pixel=10.0)), [])
    assert scene is not None
    assert scene.grid.shape == (58, 48)
