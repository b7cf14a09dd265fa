from __future__ import annotations

import struct

import laspy
import numpy as np
import pyproj
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionls.errors import FileMissingError, FusionlsError, InputError, PointCloudError
from fusionls.sources.lidar import point_cloud
from fusionls.sources.lidar.las_layout import points_problems
from fusionls.sources.lidar.lidar_source import open_lidar
from fusionls.sources.lidar.point_cloud import PointCloud

UTM = pyproj.CRS(32617)


def scattered(count, seed=0, west=500_000.0, south=4_000_000.0, side=60.0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, side, (2, count))
    return west + x, south + y, 100 + 0.3 * x + rng.uniform(0, 2, count)


def read(paths, crs=UTM, **options):
    cloud = PointCloud.open(paths, **options)
    parts = list(cloud.chunks(crs))
    return np.concatenate([np.stack([p.x, p.y, p.z, p.intensity, p.is_ground]) for p in parts], 1)


@pytest.mark.parametrize('name', ['a.las', 'a.laz'])
@pytest.mark.parametrize('point_format', [1, 6])
def test_points_come_as_written_whatever_the_chunk(write_cloud, monkeypatch, name, point_format):
    x, y, z = scattered(1000)
    kind = np.arange(1000) % 3
    intensity = np.arange(1000)
    path = write_cloud(
        name, x, y, z, point_format=point_format, classification=kind, intensity=intensity
    )
    whole = read([path])
    assert np.abs(whole[:3] - [x, y, z]).max() <= 0.0006
    assert np.array_equal(whole[3], intensity)
    assert np.array_equal(whole[4], kind == 2)
    monkeypatch.setattr(point_cloud, 'CHUNK', 77)
    assert np.array_equal(read([path]), whole)


def test_noise_and_withheld_points_are_left_out(write_cloud):
    x, y, z = scattered(6)
    kind = np.array([1, 7, 18, 2, 9, 1])
    path = write_cloud('a.las', x, y, z, classification=kind, withheld=np.array([0, 0, 0, 0, 0, 1]))
    assert read([path])[2] == pytest.approx(z[[0, 3, 4]], abs=0.001)


def test_a_copc_gives_each_point_once(write_copc):
    x, y, z = scattered(900)
    path = write_copc('a.copc.laz', x, y, z, point_format=7, classification=np.arange(900) % 3)
    with laspy.CopcReader.open(path) as reader:  # laspy takes it for a COPC
        assert len(reader.query()) == 900
    with laspy.open(path) as reader:
        assert points_problems(path, reader.header) == []
    found = read([path])
    assert found.shape[1] == 900
    assert np.sort(found[2]) == pytest.approx(np.sort(z), abs=0.001)


def test_tiles_are_one_cloud_in_any_crs(write_cloud):
    east = scattered(300, 1, west=500_060.0)
    to_18 = pyproj.Transformer.from_crs(32617, 32618, always_xy=True)
    x, y = to_18.transform(*east[:2])
    tiles = [
        write_cloud('west.las', *scattered(400)),
        write_cloud('east.laz', x, y, east[2], crs=32618),
    ]
    found = read(tiles)
    assert found.shape[1] == 700
    expected = np.concatenate([np.stack(scattered(400)), np.stack(east)], 1)
    assert np.abs(found[:3] - expected).max() < 0.002
    assert PointCloud.open(tiles).points == 700


def test_places_between_the_lattice_are_exact_to_a_millimetre(write_cloud):
    x, y, z = scattered(2000, side=5000.0)
    to_18 = pyproj.Transformer.from_crs(32617, 32618, always_xy=True)
    found = read([write_cloud('a.las', x, y, z)], pyproj.CRS(32618))
    written = laspy.read(write_cloud('b.las', x, y, z))
    exact = to_18.transform(np.asarray(written.x), np.asarray(written.y))
    assert np.abs(found[:2] - exact).max() < 0.001


def test_a_cloud_in_degrees_lands_where_it_should(write_cloud):
    x, y, z = scattered(500)
    to_degrees = pyproj.Transformer.from_crs(32617, 4326, always_xy=True)
    path = write_cloud('a.las', *to_degrees.transform(x, y), z, crs=4326, scale=1e-8)
    found = read([path])
    assert np.abs(found[:2] - [x, y]).max() < 0.003
    assert found[2] == pytest.approx(z, abs=1e-6)


def test_files_beside_the_area_are_passed_over(write_cloud):
    near = write_cloud('near.las', *scattered(50))
    far = write_cloud('far.las', *scattered(50, west=510_000.0))
    cloud = PointCloud.open([near, far])
    far.unlink()  # it would be missed if it were read
    within = (500_000.0, 4_000_000.0, 500_100.0, 4_000_100.0)
    assert sum(map(len, cloud.chunks(UTM, within))) == 50
    with pytest.raises(FileMissingError):
        list(cloud.chunks(UTM))


@pytest.mark.parametrize('name', ['a.las', 'a.laz'])
@pytest.mark.parametrize('crs', [32617, 32618])
def test_chunks_beside_the_area_are_passed_over_the_second_time(
    write_cloud, monkeypatch, name, crs
):
    x, y, z = scattered(3000, side=300.0)
    order = np.argsort(x)  # as a scanner flies
    path = write_cloud(name, x[order], y[order], z[order])
    monkeypatch.setattr(point_cloud, 'CHUNK', 100)
    cloud = PointCloud.open([path])
    to = pyproj.Transformer.from_crs(32617, crs, always_xy=True)
    within = to.transform_bounds(500_100.0, 4_000_000.0, 500_130.0, 4_000_300.0)

    def inside():
        parts = list(cloud.chunks(pyproj.CRS(crs), within))
        found = np.concatenate([np.stack([p.x, p.y, p.z]) for p in parts], 1)
        west, south, east, north = within
        there = (found[0] >= west) & (found[0] <= east) & (found[1] >= south) & (found[1] <= north)
        return len(parts), found[:, there]

    (first, whole), (second, part) = inside(), inside()
    assert first == 30
    assert second <= 10
    assert whole.shape[1] > 250
    assert np.array_equal(whole, part)


def test_every_problem_is_told_at_once(write_cloud, tmp_path):
    truncated = write_cloud('short.las', *scattered(100))
    truncated.write_bytes(truncated.read_bytes()[:-500])
    nameless = write_cloud('nameless.las', *scattered(10), crs=None)
    sound = write_cloud('sound.las', *scattered(10))
    with pytest.raises(PointCloudError, match='4 problems') as caught:
        PointCloud.open([truncated, nameless, sound, sound, tmp_path / 'gone.las'])
    assert 'promises 100 points' in str(caught.value)
    assert 'has no CRS' in str(caught.value)
    assert 'gone.las: no such file' in str(caught.value)
    assert 'is given 2 times' in str(caught.value)
    with pytest.raises(FileMissingError, match=r'gone\.las: no such file'):
        PointCloud.open([tmp_path / 'gone.las'])
    with pytest.raises(PointCloudError, match='no file of points is given'):
        PointCloud.open([])
    with pytest.raises(InputError, match="'EPSG:0' is no CRS"):
        PointCloud.open([sound], crs='EPSG:0')


@pytest.mark.parametrize('kept', [0.99, 0.7, 0.4])
@pytest.mark.parametrize('name', ['a.las', 'a.laz'])
def test_a_truncated_file_is_refused(write_cloud, name, kept):
    path = write_cloud(name, *scattered(5000))
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(PointCloudError, match='damaged or incomplete'):
        PointCloud.open([path])


def test_points_outside_the_header_s_box_are_refused_with_the_cure(write_cloud):
    path = write_cloud('a.las', *scattered(100))
    data = bytearray(path.read_bytes())
    struct.pack_into('<d', data, 179, 500_030.0)  # largest x
    path.write_bytes(data)
    with pytest.raises(PointCloudError, match=r'points lie outside the box.*update_header'):
        read([path])
    repaired = laspy.read(path)
    repaired.update_header()
    repaired.write(path)
    assert read([path]).shape[1] == 100


def test_a_file_that_shrinks_after_it_was_opened_is_refused(write_cloud):
    path = write_cloud('a.las', *scattered(100))
    cloud = PointCloud.open([path])
    write_cloud('a.las', *(values[:60] for values in scattered(100)))
    with pytest.raises(PointCloudError, match='holds 60 points, and held 100 when'):
        list(cloud.chunks(UTM))


@pytest.fixture(scope='module')
def small_files(tmp_path_factory):
    """A LAS and two LAZ of a few hundred points, as bytes, and a place to damage them."""
    folder = tmp_path_factory.mktemp('fuzz')
    made = {}
    for name, version, point_format in (
        ('a.las', '1.2', 3),
        ('b.laz', '1.2', 3),
        ('c.laz', '1.4', 6),
    ):
        header = laspy.LasHeader(version=version, point_format=point_format)
        header.scales, header.offsets = [0.01] * 3, [500_000.0, 4_000_000.0, 0.0]
        header.add_crs(UTM)
        cloud = laspy.LasData(header)
        cloud.x, cloud.y, cloud.z = scattered(200, side=20.0)
        cloud.write(folder / name)
        made[name] = (folder / name).read_bytes()
    return folder, made


@settings(
    max_examples=150, deadline=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), name=st.sampled_from(['a.las', 'b.laz', 'c.laz']))
def test_a_damaged_file_is_read_or_explained(small_files, data, name):
    folder, made = small_files
    content = bytearray(made[name])
    head = st.integers(0, 600)  # where the numbers are that others hang on
    anywhere = st.integers(0, len(content) - 8)
    for at, patch in data.draw(
        st.lists(st.tuples(head | anywhere, st.binary(min_size=1, max_size=8)), max_size=6)
    ):
        content[at : at + len(patch)] = patch
    kept = data.draw(st.just(len(content)) | st.integers(0, len(content)))
    path = folder / f'damaged_{name}'
    path.write_bytes(content[:kept])
    try:
        source = open_lidar([path], crs='EPSG:32617')[0]
        if source.grid.rows * source.grid.cols < 100_000:
            values, valid = source.read()
            assert np.isfinite(values).all()
            assert valid[0].any()
        else:  # a flipped bit may move a point far away
            assert sum(map(len, source.cloud.chunks(source.grid.crs))) <= source.cloud.points
    except FusionlsError as error:
        if str(path) not in str(error):
            raise
