"""Shifts that were put in are found and taken out; where nothing can be told, nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from fusionls.geo.grid import Grid
from fusionls.stack import ModalityArrays, build_stack, write_stack
from fusionls.stack.coregistration import coregistration


def stack_of(tmp_path, utm_grid, planes, factor=1):
    grid: Grid = utm_grid(320, 320)
    modalities = {}
    for name, (layer, values) in planes.items():
        f = factor if name != 'optical' else 1
        coarse = values.reshape(320 // f, f, 320 // f, f).mean((1, 3)) if f > 1 else values
        modalities[name] = ModalityArrays(
            coarse[None].astype(np.float32), np.ones(coarse.shape, bool), [layer], f
        )
    return write_stack(tmp_path / 'stack', grid, modalities)


@pytest.mark.parametrize('factor', [1, 2])
def test_of_a_stack_the_shift_is_told_in_metres_east_and_north(
    tmp_path, utm_grid, factor, scenery, moved
):
    image = scenery(4)
    planes = {
        'optical': ('optical_grey', image),
        'thermal': ('thermal_inertia', 300 - 40 * moved(image, 4.0, -2.6)),
    }
    (found,) = coregistration(stack_of(tmp_path, utm_grid, planes, factor)).shifts
    assert found.decided
    assert found.reference == 'optical'
    # it lies 4 pixels of 10 m to the south and 2.6 to the west
    assert (found.east, found.north) == pytest.approx((26.0, 40.0), abs=1.0 * factor)
    assert found.reliability > 0.8


@pytest.mark.parametrize('seed', range(6))
def test_of_unrelated_images_nothing_is_told(tmp_path, utm_grid, seed, scenery):
    planes = {
        'optical': ('optical_grey', scenery(10 + seed)),
        'thermal': ('thermal_inertia', scenery(50 + seed)[:, ::-1]),
    }
    report = coregistration(stack_of(tmp_path, utm_grid, planes))
    (found,) = report.shifts
    assert not found.decided
    assert report.moves == {}
    assert report.warnings() == []
    assert found.reliability < 0.5


def test_one_modality_has_nothing_to_be_compared_with(tmp_path, utm_grid, scenery):
    stack = stack_of(tmp_path, utm_grid, {'optical': ('optical_grey', scenery(5))})
    assert coregistration(stack).to_json() == {'shifts': [], 'warnings': []}


def scene(tmp_path, write_raster, rows, cols, scenery):
    image = scenery(6)
    write_raster('optical.tif', image.astype(np.float32))
    write_raster(
        'thermal.tif',
        (300 - 40 * image).astype(np.float32),
        west=500_000.0 + 10 * cols,
        north=4_000_000.0 - 10 * rows,
    )
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        'modalities:\n'
        '  optical: {sources: [{file: optical.tif, layers: [optical_grey]}]}\n'
        '  thermal: {sources: [{file: thermal.tif, layers: [thermal_inertia]}]}\n'
    )
    return path


@pytest.mark.parametrize(('rows', 'cols'), [(1.3, 0.0), (-2.0, 1.3)])
def test_a_file_whose_origin_is_off_is_told_and_with_fix_shift_moved(
    tmp_path, write_raster, scenery, rows, cols
):
    path = scene(tmp_path, write_raster, rows, cols, scenery)
    told = build_stack(path, tmp_path / 'told').manifest.coregistration
    (shift,) = told['measured']['shifts']
    assert shift['decided']
    assert (shift['east'], shift['north']) == pytest.approx((-10 * cols, 10 * rows), abs=1.0)
    assert 'thermal lies' in told['measured']['warnings'][0]
    assert 'moved' not in told
    stack = build_stack(path, tmp_path / 'fixed', fix_shift=True)
    fixed = stack.manifest.coregistration
    assert fixed['moved']['thermal'] == pytest.approx([-10 * cols, 10 * rows], abs=1.0)
    assert fixed['left']['shifts'][0]['pixels'] < 0.15
    assert fixed['left']['warnings'] == []
    found = stack.read(stack.grid.window)
    inner = (slice(8, -8), slice(8, -8))
    optical, thermal = (found[m][0][0][inner] for m in ('optical', 'thermal'))
    assert np.corrcoef(optical.ravel(), thermal.ravel())[0, 1] < -0.98


@pytest.mark.real_data
def test_a_real_image_and_its_dem_shifted_by_hand_are_found(tmp_path, real_data):
    """Rocky Mountain image against itself read with another origin, in degrees to UTM."""
    import rasterio
    from affine import Affine

    source = real_data / 'rmnp_rgb_dem' / 'rmnp-rgb.tif'
    if not source.is_file():
        pytest.skip('rmnp_rgb_dem is not among the public data sets')
    with rasterio.open(source) as dataset:
        profile = dataset.profile | {'count': 1, 'nodata': None}
        step = dataset.transform.a
        green = dataset.read(2)
    profile['transform'] = profile['transform'] @ Affine.translation(1.3, 0)
    with rasterio.open(tmp_path / 'moved.tif', 'w', **profile) as dataset:
        dataset.write(255 - green, 1)
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        f"""
        grid: {{crs: EPSG:32613, pixel: 150}}
        modalities:
          optical: {{sources: [{{product: rgb, file: {source}}}]}}
          grey: {{sources: [{{file: moved.tif, layers: [optical_grey]}}]}}
        """
    )
    told = build_stack(path, tmp_path / 'stack').manifest.coregistration
    (shift,) = told['measured']['shifts']
    assert shift['decided']
    metres = 1.3 * step * 111_320 * np.cos(np.radians(40.4))
    assert shift['east'] == pytest.approx(-metres, abs=0.1 * 150)
    assert shift['north'] == pytest.approx(0, abs=0.1 * 150)
