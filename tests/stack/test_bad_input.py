"""Scenes that cannot become a stack: what the error says, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine

from fusionls.errors import AllInvalidError, OutputError, SceneError
from fusionls.geo.window import Window
from fusionls.stack import build, build_stack

ONES = np.ones((40, 40), np.float32)


@pytest.fixture
def described(tmp_path, write_raster):
    """Writes a scene of a sound optical image and what is given, and returns its path."""
    write_raster('optical.tif', ONES)

    def write(modalities: str = '', rest: str = '') -> Path:
        text = (
            'modalities:\n  optical: {sources: [{file: optical.tif, layers: [optical_red]}]}\n'
            + textwrap.indent(textwrap.dedent(modalities), '  ')
            + '\n'
            + textwrap.dedent(rest)
        )
        path = tmp_path / 'SCENE.yaml'
        path.write_text(text)
        return path

    return write


def refused(path: Path, kind: type[Exception] = SceneError) -> str:
    before = sorted(path.parent.iterdir())
    with pytest.raises(kind) as caught:
        build_stack(path, path.parent / 'stack')
    assert sorted(path.parent.iterdir()) == before  # no stack, and no half of one
    return str(caught.value)


TERRAIN = 'terrain: {sources: [{file: dem.tif, layers: [terrain_elevation]}]}'


def test_a_missing_file(described):
    assert 'dem.tif: no such file' in refused(described(TERRAIN))


def test_a_file_that_is_no_raster(described, tmp_path):
    (tmp_path / 'dem.tif').write_text('no')
    assert 'dem.tif: not a raster' in refused(described(TERRAIN))


def test_a_raster_without_crs(described, write_raster):
    write_raster('dem.tif', ONES, crs=None)
    assert 'dem.tif: has no CRS' in refused(described(TERRAIN))


def test_a_rotated_raster(described, write_raster):
    write_raster('dem.tif', ONES, transform=Affine(10, 1, 500_000, 1, -10, 4_000_000))
    assert 'dem.tif: its transform' in refused(described(TERRAIN))


def test_layers_that_do_not_overlap(described, write_raster):
    write_raster('dem.tif', ONES, west=700_000.0)
    text = refused(described(TERRAIN))
    assert 'dem.tif: has no pixel inside the scene' in text
    assert '(500000, 3999600, 500400, 4000000)' in text


def test_a_fill_value_that_is_not_declared_is_refused_and_with_nodata_a_hole(
    described, write_raster
):
    dem = np.tile(100 + np.arange(40, dtype=np.float32), (40, 1))
    dem[10:14, 20:26] = -9999
    write_raster('dem.tif', dem)
    text = refused(described(TERRAIN))
    assert 'terrain_elevation holds -9999' in text
    assert 'say nodata: -9999' in text
    cured = 'terrain: {sources: [{file: dem.tif, layers: [terrain_elevation], nodata: -9999}]}'
    path = described(cured)
    found, valid = build_stack(path, path.parent / 'stack').read(Window(0, 0, 40, 40))['terrain']
    assert not valid[9:15, 19:27].any()  # the hole and what the slope's kernel needs of it
    assert valid[2:8].all(where=np.arange(40) % 39 > 0)
    assert found[1][valid] == pytest.approx(np.degrees(np.arctan(0.1)), abs=1e-4)


def test_heights_in_feet_are_metres_once_it_is_said(described, write_raster):
    metres = np.tile(100 + 3 * np.arange(40, dtype=np.float64), (40, 1))
    write_raster('dem.tif', (metres / 0.3048).astype(np.float32))
    said = 'terrain: {sources: [{file: dem.tif, layers: [terrain_elevation], unit: ft}]}'
    path = described(said)
    found, valid = build_stack(path, path.parent / 'stack').read(Window(0, 0, 40, 40))['terrain']
    assert found[0][valid] == pytest.approx(metres[valid], abs=1e-3)
    assert found[1][valid] == pytest.approx(np.degrees(np.arctan(0.3)), abs=1e-3)


def test_a_grid_in_feet_has_slopes_of_metres(tmp_path, write_raster):
    """Washington North in US survey feet: 100 ft a pixel, heights in the same feet."""
    feet = np.tile(1000 + 50 * np.arange(40, dtype=np.float32), (40, 1))
    write_raster('dem.tif', feet, crs='EPSG:2285', pixel=100.0, west=1.3e6, north=2e5)
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        'modalities: {terrain: {sources: [{file: dem.tif, layers: [terrain_elevation], '
        'unit: us-ft}]}}'
    )
    stack = build_stack(path, tmp_path / 'stack')
    assert stack.grid.pixel == pytest.approx(100 * 1200 / 3937)
    found, valid = stack.read(stack.grid.window)['terrain']
    assert found[1][valid] == pytest.approx(np.degrees(np.arctan(0.5)), abs=1e-3)


@pytest.mark.parametrize(
    ('crs', 'west', 'north', 'degrees'),
    [
        (32660, 720_000.0, 5_000_000.0, (179.5, 45.5)),  # over the antimeridian, counted on
        (32660, 720_000.0, 5_000_000.0, (-180.5, 45.5)),  # the same, counted from the other side
        (3413, -20_000.0, 20_000.0, (-180.0, 90.0)),  # around the north pole
    ],
)
def test_degrees_over_the_antimeridian_and_the_pole(
    tmp_path, write_raster, crs, west, north, degrees
):
    """A height that is the distance to a place on the base grid comes through the seam whole."""
    import pyproj

    size, step = 40, 1000.0
    write_raster('image.tif', np.ones((size, size), np.float32), crs=f'EPSG:{crs}', pixel=step,
                 west=west, north=north)  # fmt: skip
    rows, cols = (300, 360) if crs == 3413 else (300, 300)
    pixel = Affine(1.0 if crs == 3413 else 0.005, 0, degrees[0], 0, -0.005, degrees[1])
    longitude = pixel.c + (np.arange(cols) + 0.5) * pixel.a
    latitude = pixel.f + (np.arange(rows) + 0.5) * pixel.e
    to_base = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    x, y = to_base.transform(*np.meshgrid((longitude + 180) % 360 - 180, latitude))
    far = np.hypot(x - west - 7000, y - north + 9000)
    write_raster('dem.tif', far.astype(np.float32), crs='EPSG:4326', transform=pixel)
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        'modalities:\n'
        '  optical: {sources: [{file: image.tif, layers: [optical_grey]}]}\n'
        '  terrain: {sources: [{file: dem.tif, layers: [terrain_elevation]}], derive: []}\n'
    )
    stack = build_stack(path, tmp_path / 'stack')
    found, valid = stack.read(stack.grid.window)['terrain']
    assert valid.all()
    at = (np.arange(size) + 0.5) * step
    expected = np.hypot(at[None] - 7000, 9000 - at[:, None])
    # less than a pixel of the source, which errs most by its straight lines at the cone's tip
    errors = np.abs(found[0] - expected)
    assert errors.max() < 350
    assert np.median(errors) < (60 if crs == 3413 else 5)


@pytest.mark.parametrize('bounds', ['[5, 5, 5, 9]', '[5, 5, 9, 5]', '[9, 5, 5, 9]'])
def test_a_scene_of_no_size_is_refused(described, bounds):
    text = refused(described(rest=f'grid: {{bounds: {bounds}}}'))
    assert 'west < east, south < north' in text


def test_a_window_of_no_size_is_refused(described):
    path = described()
    stack = build_stack(path, path.parent / 'stack')
    with pytest.raises(ValueError, match='height and width > 0'):
        stack.read(Window(0, 0, 0, 8))


def test_a_layer_of_another_planet(described, write_raster):
    write_raster('dem.tif', ONES, crs='IAU_2015:49910', west=0.0, north=0.0)
    assert 'dem.tif' in refused(described(TERRAIN))


def test_a_first_source_in_degrees_is_told_a_crs(tmp_path, write_raster):
    write_raster('a.tif', ONES, crs='EPSG:4326', pixel=0.001, west=73.4, north=34.6)
    path = tmp_path / 'SCENE.yaml'
    path.write_text('modalities: {optical: {sources: [{file: a.tif, layers: [optical_red]}]}}')
    assert 'not projected; say the base grid: grid: {crs: EPSG:32643, pixel: ...}' in refused(path)


def test_a_pixel_that_would_fill_the_world(described):
    text = refused(described(rest='grid: {pixel: 0.0001}'))
    assert 'check pixel' in text


def test_polygons_elsewhere(described, tmp_path):
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs=32617)
    frame.to_file(tmp_path / 'l.gpkg')
    text = refused(described(rest='landslides: {file: l.gpkg}'))
    assert 'none of the 1 polygons lies inside the scene' in text


def test_a_layer_without_a_valid_pixel(described, write_raster):
    write_raster('dem.tif', ONES * np.nan)
    write_raster('c.tif', ONES * 0.1)
    insar = 'insar: {sources: [{file: c.tif, layers: [insar_coherence], mask_below: 0.3}]}'
    text = refused(described(f'{TERRAIN}\n{insar}'), AllInvalidError)
    assert 'terrain_elevation: none of 1600 pixels is valid (dem.tif)' in text
    assert 'terrain_slope: none' in text
    assert 'insar_coherence: none of 1600 pixels is valid (c.tif)' in text
    assert 'mask_below' in text


def test_layers_of_a_modality_that_are_never_valid_together(described, write_raster):
    left, right = ONES.copy(), ONES.copy()
    left[:, :20], right[:, 20:] = np.nan, np.nan
    write_raster('a.tif', left)
    write_raster('b.tif', right)
    lidar = """
        lidar:
          sources:
            - {file: a.tif, layers: [lidar_ground]}
            - {file: b.tif, layers: [lidar_surface]}
    """
    text = refused(described(lidar), AllInvalidError)
    assert 'lidar: no pixel is valid in all of its layers (a.tif, b.tif)' in text


def test_nan_and_infinity_are_invalid_and_do_not_spread(described, write_raster):
    values = np.tile(np.arange(40, dtype=np.float32), (40, 1))
    values[10, 10], values[20, 20], values[30, 30] = np.nan, np.inf, -np.inf
    write_raster('dem.tif', values)
    path = described(TERRAIN)
    stack = build_stack(path, path.parent / 'stack')
    found, valid = stack.read(stack.grid.window)['terrain']
    assert np.isfinite(found).all()
    assert (~valid).sum() == (40 * 40 - 38 * 38) + 3 * 9
    assert found[0][valid] == pytest.approx(values[valid])


def test_all_that_is_wrong_is_said_at_once_before_anything_is_written(
    described, write_raster, tmp_path, monkeypatch
):
    write_raster('two.tif', np.stack([ONES, ONES]))
    write_raster('far.tif', ONES, west=900_000.0)
    write_raster('bare.tif', ONES, crs=None)
    write_raster('turned.tif', ONES, transform=Affine(10, 1, 500_000, 1, -10, 4_000_000))
    (tmp_path / 'text.tif').write_text('no')
    write_raster('classes.tif', np.arange(1600, dtype=np.int16).reshape(40, 40))
    monkeypatch.setattr(build, 'new_stack', None)  # calling it would be another error
    text = refused(
        described(
            """
            terrain:
              sources:
                - {file: two.tif, layers: [terrain_elevation]}
                - {file: far.tif, layers: [terrain_roundness]}
            insar:
              sources:
                - {file: bare.tif, layers: [insar_velocity_los], unit: furlong}
                - {file: turned.tif, layers: [insar_coherence]}
                - {file: gone.tif, layers: [insar_velocity_los_asc], colour: red}
            lidar:
              sources:
                - {file: text.tif, layers: [lidar_ground]}
                - {file: gone.tif, layers: [lidar_surface]}
            thermal: {sources: [{file: far.tif, layers: [thermal_inertia]}]}
            """,
            'landslides: {raster: classes.tif, mapped_area: nowhere.gpkg}',
        )
    )
    for part in (
        'two.tif: holds 2 bands, but 1 is named',
        "far.tif: layer 'terrain_roundness' is unknown",
        "unit 'furlong' is unknown",
        'bare.tif: has no CRS',
        'turned.tif: its transform',
        "key 'colour' is unknown",
        'text.tif: not a raster',
        'gone.tif: no such file',
        'far.tif: has no pixel inside the scene',
        'classes.tif: holds 1599 values',
        'nowhere.gpkg: no such file',
    ):
        assert part in text


def test_a_disk_too_small_is_known_before_the_work(described, monkeypatch):
    class Usage:
        free = 1000

    monkeypatch.setattr(build.shutil, 'disk_usage', lambda _: Usage)
    text = refused(described(), OutputError)
    assert 'the stack needs 0.00 GB' in text


RUN = """
    import resource, signal, sys, time
    from fusionls.errors import FusionlsError
    from fusionls.stack import build_stack

    scene, out, how = sys.argv[1:]
    if how == 'full':
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    def slow(done, total, what):
        if how == 'kill' and what == 'terrain' and done:
            print('writing', flush=True)
            time.sleep(60)

    try:
        build_stack(scene, out, progress=slow)
    except FusionlsError as error:
        print(type(error).__name__, error)
"""


def start(path: Path, how: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(RUN), str(path), str(path.parent / 'stack'), how],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


@pytest.mark.skipif(sys.platform == 'win32', reason='needs limits on file sizes')
def test_a_full_disk_leaves_nothing(described, write_raster):
    write_raster('dem.tif', ONES)
    path = described(TERRAIN)  # three bands of a tile of 256 x 256: 786 kB
    before = sorted(path.parent.iterdir())
    said, _ = start(path, 'full').communicate(timeout=60)
    assert 'OutputError' in said
    assert 'stack/terrain.tif: could not be written: ' in said
    assert 'the disk is full' in said
    assert '.part' not in said
    assert sorted(path.parent.iterdir()) == before


@pytest.mark.skipif(sys.platform == 'win32', reason='needs SIGKILL')
def test_a_killed_build_leaves_no_stack_and_the_next_one_succeeds(described, write_raster):
    write_raster('dem.tif', ONES)
    path = described(TERRAIN)
    process = start(path, 'kill')
    assert process.stdout is not None
    assert process.stdout.readline() == 'writing\n'
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    assert not (path.parent / 'stack').exists()
    assert build_stack(path, path.parent / 'stack').name == 'SCENE'
    assert not [p for p in path.parent.iterdir() if p.name.startswith('.stack')]
