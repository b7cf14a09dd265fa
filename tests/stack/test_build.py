"""Scenes of a few hundred pixels, from files on disk to a stack, against closed forms."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import shapely

from fusionls.errors import OutputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster_io import opened, read_bands
from fusionls.geo.window import Window
from fusionls.stack import LayerStack, build, build_stack, sample
from fusionls.stack.layer_stack import UNMAPPED

WEST, NORTH = 500_000.0, 4_000_000.0


def tilted(grid_west, grid_north, pixel, rows, cols, crs='EPSG:32617', degrees=30.0):
    """Ground that falls toward the east by 30 degrees, seen from pixels of any CRS, metres."""
    east, north = np.meshgrid(
        grid_west + (np.arange(cols) + 0.5) * pixel, grid_north - (np.arange(rows) + 0.5) * pixel
    )
    to_utm = pyproj.Transformer.from_crs(crs, 'EPSG:32617', always_xy=True)
    return (-(to_utm.transform(east, north)[0] - WEST) * np.tan(np.radians(degrees)) + 3000).astype(
        np.float32
    )


@pytest.fixture
def scene(tmp_path, write_raster):
    """Optical at 10 m, a DEM of one arc second, velocity at 45 m in the next zone, polygons."""
    rng = np.random.default_rng(0)
    optical = rng.integers(1, 4000, (2, 60, 80)).astype(np.uint16)
    optical[:, 5:9, 20:30] = 0
    write_raster('optical.tif', optical, nodata=0)
    to_degrees = pyproj.Transformer.from_crs(32617, 4326, always_xy=True)
    west, north = to_degrees.transform(WEST, NORTH)
    second = 1 / 3600
    west, north = west - 5 * second, north + 5 * second
    write_raster(
        'dem.tif', tilted(west, north, second, 40, 50, 'EPSG:4326'), crs='EPSG:4326',
        pixel=second, west=west, north=north,
    )  # fmt: skip
    to_18 = pyproj.Transformer.from_crs(32617, 32618, always_xy=True)
    west18, south18, _, north18 = to_18.transform_bounds(WEST, NORTH - 600, WEST + 800, NORTH)
    place = {'crs': 'EPSG:32618', 'pixel': 45.0, 'west': west18 - 90, 'north': north18 + 90}
    shape = (int((north18 - south18) / 45) + 5, 26)
    coherence = np.full(shape, 0.8, np.float32)
    coherence[:, :8] = 0.1
    write_raster('velocity.tif', np.full(shape, -20.0, np.float32), **place)
    write_raster('coherence.tif', coherence, **place)
    shapes = [
        shapely.box(WEST + 100, NORTH - 300, WEST + 250, NORTH - 200),
        shapely.box(WEST + 501, NORTH - 402, WEST + 503, NORTH - 401),  # 2 square metres
        shapely.box(WEST + 9000, NORTH - 300, WEST + 9250, NORTH - 200),  # elsewhere
    ]
    geopandas.GeoDataFrame({'id': [7, 8, 9]}, geometry=shapes, crs=32617).to_crs(4326).to_file(
        tmp_path / 'l.gpkg', layer='mapped'
    )
    area = shapely.box(WEST, NORTH - 600, WEST + 600, NORTH)
    geopandas.GeoDataFrame(geometry=[area], crs=32617).to_file(tmp_path / 'area.gpkg')
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        textwrap.dedent(
            """
            name: hill
            modalities:
              optical:
                sources: [{file: optical.tif, layers: [optical_red, optical_nir]}]
              terrain:
                sources: [{file: dem.tif, layers: [terrain_elevation], unit: m}]
              insar:
                sources:
                  - {file: velocity.tif, layers: [insar_velocity_los], unit: mm/yr}
                  - {file: coherence.tif, layers: [insar_coherence], mask_below: 0.3}
            landslides: {file: l.gpkg, layer: mapped, mapped_area: area.gpkg}
            """
        )
    )
    return path, optical


def everything(stack: LayerStack):
    return stack.read(stack.grid.window)


def test_every_modality_keeps_its_pixel_and_the_first_source_gives_the_grid(scene, tmp_path):
    stack = build_stack(scene[0], tmp_path / 'stack')
    assert {name: m.factor for name, m in stack.modalities.items()} == {
        'optical': 1,
        'terrain': 2,  # 27.7 m: 1.25 x 2.8 = 3.5 base pixels
        'insar': 4,  # 45 m
    }
    assert stack.grid.bounds == (WEST, NORTH - 600, WEST + 800, NORTH)
    assert stack.grid.crs.to_epsg() == 32617
    assert stack.modalities['insar'].grid.pixel == 40.0


def test_optical_on_the_base_grid_is_kept_bit_for_bit(scene, tmp_path):
    path, optical = scene
    values, valid = everything(build_stack(path, tmp_path / 'stack'))['optical']
    assert np.array_equal(values, optical.astype(np.float32))
    assert np.array_equal(valid, optical[0] > 0)


def test_ground_of_30_degrees_in_degrees_and_seconds_has_slope_30_up_to_the_rim(scene, tmp_path):
    stack = build_stack(scene[0], tmp_path / 'stack')
    values, valid = everything(stack)['terrain']
    elevation, slope, light = values
    assert valid.all()  # the DEM reaches beyond the scene, so there is no rim
    assert slope == pytest.approx(30, abs=0.02)
    assert elevation[0, 0] == pytest.approx(3000 - 10 * np.tan(np.radians(30)), abs=0.02)
    altitude, tilt = np.radians(45), np.radians(30)
    lit = np.sin(altitude) * np.cos(tilt) + np.cos(altitude) * np.sin(tilt) * np.cos(
        np.radians(225)
    )
    assert light == pytest.approx(lit, abs=5e-4)


def test_velocity_is_metres_per_year_and_low_coherence_is_invalid_in_both_layers(scene, tmp_path):
    values, valid = everything(build_stack(scene[0], tmp_path / 'stack'))['insar']
    assert values[0][valid] == pytest.approx(-0.02)
    assert values[1][valid] == pytest.approx(0.8, abs=1e-6)
    assert 0.5 < valid.mean() < 0.9
    assert not valid[:, 0].any()
    assert valid[:, -1].all()
    assert np.all(values[:, ~valid] == 0)
    with opened(tmp_path / 'stack' / 'insar.tif') as dataset:  # as QGIS shows it
        bands = read_bands(dataset, [1, 2])[1]
    assert np.array_equal(bands[0], valid)
    assert np.array_equal(bands[1], valid)


def test_labels_are_drawn_and_unmapped_outside_of_the_area(scene, tmp_path):
    stack = build_stack(scene[0], tmp_path / 'stack')
    expected = np.zeros((60, 80), np.uint8)
    expected[20:30, 10:25] = 1
    expected[40, 50] = 1  # smaller than a pixel, and kept
    expected[:, 60:] = UNMAPPED
    assert np.array_equal(stack.read_labels(stack.grid.window), expected)
    polygons = geopandas.read_file(stack.folder / 'landslides.gpkg', layer='landslides')
    assert polygons.crs.to_epsg() == 32617
    assert sorted(polygons['id']) == [7, 8]


def test_the_record_names_inputs_by_checksum_and_the_parameters(scene, tmp_path):
    stack = build_stack(scene[0], tmp_path / 'stack')
    said = json.loads((stack.folder / 'stack.json').read_text())
    assert [i['file'] for i in said['inputs']] == [
        'optical.tif', 'dem.tif', 'velocity.tif', 'coherence.tif', 'l.gpkg', 'area.gpkg',
    ]  # fmt: skip
    import hashlib

    content = (tmp_path / 'dem.tif').read_bytes()
    assert said['inputs'][1] == {
        'file': 'dem.tif',
        'sha256': hashlib.sha256(content).hexdigest(),
        'bytes': len(content),
    }
    assert said['parameters']['factors'] == {'optical': 1, 'terrain': 2, 'insar': 4}
    assert said['parameters']['scene']['name'] == 'hill'
    assert str(tmp_path) not in (stack.folder / 'stack.json').read_text()
    share = everything(stack)['insar'][1].mean()
    assert said['modalities']['insar']['valid_share'] == pytest.approx(share)


def test_small_windows_build_the_same_stack(scene, tmp_path, monkeypatch):
    whole = build_stack(scene[0], tmp_path / 'whole')
    monkeypatch.setattr(build, 'WINDOW_ROWS', 16)
    monkeypatch.setattr(build, 'WINDOW_COLS', 32)
    parts = build_stack(scene[0], tmp_path / 'parts')
    for name, (values, valid) in everything(whole).items():
        found_values, found_valid = everything(parts)[name]
        assert np.array_equal(found_valid, valid)
        assert found_values == pytest.approx(values, abs=2e-3)
    window = whole.grid.window
    assert np.array_equal(parts.read_labels(window), whole.read_labels(window))


def test_progress_runs_from_0_to_all(scene, tmp_path):
    steps: list[tuple[int, int, str]] = []
    build_stack(scene[0], tmp_path / 'stack', progress=lambda *step: steps.append(step))
    done = [step[0] for step in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, steps[-1][1])
    assert {'optical', 'terrain', 'insar', 'labels'} <= {step[2] for step in steps}


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_a_grid_of_ones_own_is_filled_up_to_whole_coarse_pixels_which_are_unmapped(scene, tmp_path):
    path = changed(
        scene[0],
        'name: hill',
        'name: hill\ngrid: {pixel: 10, '
        f'bounds: [{WEST + 100}, {NORTH - 510}, {WEST + 550}, {NORTH - 10}]}}',
    )
    stack = build_stack(path, tmp_path / 'stack')
    assert stack.grid.bounds == (WEST + 100, NORTH - 530, WEST + 580, NORTH - 10)
    labels = stack.read_labels(stack.grid.window)
    assert (labels[:50, :45] != UNMAPPED).all()
    assert (labels[50:] == UNMAPPED).all()
    assert (labels[:, 45:] == UNMAPPED).all()
    assert labels[19:29, 0:15].all()


def test_a_base_grid_in_another_crs_holds_the_whole_first_source(scene, tmp_path):
    path = changed(scene[0], 'name: hill', 'name: hill\ngrid: {crs: EPSG:32618, pixel: 20}')
    stack = build_stack(path, tmp_path / 'stack')
    assert stack.grid.crs.to_epsg() == 32618
    assert stack.grid.west % 20 == 0
    slope = everything(stack)['terrain']
    assert slope[0][1][slope[1]] == pytest.approx(30, abs=0.1)  # the scale of a zone's far edge
    valid = everything(stack)['optical'][1]
    assert valid.sum() * 400 == pytest.approx(800 * 600 - 40 * 100, rel=0.05)


def test_a_factor_of_ones_own_and_layers_kept(scene, tmp_path):
    path = changed(
        scene[0],
        'sources: [{file: dem.tif, layers: [terrain_elevation], unit: m}]',
        'sources: [{file: dem.tif, layers: [terrain_elevation], unit: m}]\n'
        '    factor: 8\n    keep: [terrain_slope]',
    )
    stack = build_stack(path, tmp_path / 'stack')
    assert stack.modalities['terrain'].factor == 8
    assert stack.modalities['terrain'].layers == ('terrain_slope',)
    assert (stack.grid.rows, stack.grid.cols) == (64, 80)


def test_lidar_over_a_part_of_the_scene_is_invalid_elsewhere(scene, tmp_path, write_raster):
    ground = tilted(WEST + 200, NORTH - 100, 2.5, 80, 120)
    for name, above in (('dtm.tif', 0), ('dsm.tif', 12)):
        write_raster(name, ground + above, pixel=2.5, west=WEST + 200, north=NORTH - 100)
    path = changed(
        scene[0],
        'landslides:',
        """  lidar:
    sources:
      - {file: dtm.tif, layers: [lidar_ground]}
      - {file: dsm.tif, layers: [lidar_surface]}
    derive: [lidar_canopy_height, lidar_slope, lidar_hillshade]
landslides:""",
    )
    stack = build_stack(path, tmp_path / 'stack')
    values, valid = everything(stack)['lidar']
    layers = stack.modalities['lidar'].layers
    assert layers[2:] == ('lidar_canopy_height', 'lidar_slope', 'lidar_hillshade')
    expected = np.zeros((60, 80), bool)
    expected[11:29, 21:49] = True  # 200 x 300 m, less the rim of the slope
    assert np.array_equal(valid, expected)
    assert values[2][valid] == pytest.approx(12, abs=1e-3)
    assert values[3][valid] == pytest.approx(30, abs=0.01)


def test_a_mask_whose_nodata_is_0_leaves_background_mapped(scene, tmp_path, write_raster):
    mask = np.zeros((60, 80), np.uint8)
    mask[20:30, 10:25] = 1
    write_raster('mask.tif', mask, nodata=0)
    path = changed(
        scene[0],
        'landslides: {file: l.gpkg, layer: mapped, mapped_area: area.gpkg}',
        'landslides: {raster: mask.tif}',
    )
    stack = build_stack(path, tmp_path / 'stack')
    assert np.array_equal(stack.read_labels(stack.grid.window), mask)
    assert not (stack.folder / 'landslides.gpkg').exists()


def test_a_scene_without_labels_has_none(scene, tmp_path):
    path = changed(
        scene[0], 'landslides: {file: l.gpkg, layer: mapped, mapped_area: area.gpkg}', ''
    )
    assert not build_stack(path, tmp_path / 'stack').has_labels


def test_a_stack_is_replaced_when_asked_only(scene, tmp_path):
    build_stack(scene[0], tmp_path / 'stack')
    with pytest.raises(OutputError, match='holds a stack already'):
        build_stack(scene[0], tmp_path / 'stack')
    path = changed(scene[0], 'name: hill', 'name: mountain')
    assert build_stack(path, tmp_path / 'stack', overwrite=True).name == 'mountain'


def test_memory_is_bounded_by_the_window_and_not_by_the_scene(tmp_path, write_raster, monkeypatch):
    rng = np.random.default_rng(0)
    write_raster('dem.tif', rng.normal(size=(700, 100)).astype(np.float32))
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        'modalities: {terrain: {sources: [{file: dem.tif, layers: [terrain_elevation]}]}}'
    )
    from fusionls.sources import SourceRaster

    largest = 0
    read = SourceRaster.read

    def watched(self: SourceRaster, window: Window | None = None):
        nonlocal largest
        assert window is not None
        largest = max(largest, window.height)
        return read(self, window)

    monkeypatch.setattr(SourceRaster, 'read', watched)
    monkeypatch.setattr(build, 'WINDOW_ROWS', 64)
    monkeypatch.setattr(sample, 'SIDE', 64)
    stack = build_stack(path, tmp_path / 'stack')
    assert largest == 64 + 2  # one more on each side for the slope
    assert isinstance(stack.grid, Grid)
    assert everything(stack)['terrain'][1][1:-1, 1:-1].all()
