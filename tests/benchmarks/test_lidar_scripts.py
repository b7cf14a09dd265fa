"""The LiDAR scripts on the smallest clouds: that they run and say what they should."""

from __future__ import annotations

import sys
from pathlib import Path

import laspy
import numpy as np
import pyproj
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture
def tile(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    rng = np.random.default_rng(0)
    header = laspy.LasHeader(point_format=3, version='1.2')
    header.scales, header.offsets = [0.01] * 3, [500_000.0, 4_000_000.0, 0.0]
    header.add_crs(pyproj.CRS(32617))
    cloud = laspy.LasData(header)
    x, y = rng.uniform(0, 30, (2, 3000))
    cloud.x, cloud.y, cloud.z = 500_000 + x, 4_000_000 + y, 0.2 * x + 6 * (np.hypot(x, y) < 20)
    path = tmp_path / 'tile.laz'
    cloud.write(path)
    return path


def test_a_repeated_tile_is_the_tile_side_by_side_and_mirrored(tile, tmp_path, monkeypatch, capsys):
    import lidar_large

    lidar_large.repeated(tile, tmp_path / 'large.las', 11_000)
    small, large = laspy.read(tile), laspy.read(tmp_path / 'large.las')
    assert len(large) == 4 * len(small)
    assert np.ptp(large.x) == pytest.approx(2 * np.ptp(small.x), abs=0.03)
    assert large.header.parse_crs() == pyproj.CRS(32617)
    right = np.asarray(large.x)[3000:6000]
    assert right.max() - right == pytest.approx(np.asarray(small.x) - small.x.min(), abs=0.02)
    monkeypatch.setattr(sys, 'argv', ['lidar_large.py', str(tile), '--points', '11000'])
    lidar_large.main()
    assert '| 12000 | 0.00 | 60 x 60 |' in capsys.readouterr().out


def test_pictures_of_tiles_are_drawn(tile, tmp_path, monkeypatch):
    import lidar_pictures

    out = tmp_path / 'picture.jpg'
    monkeypatch.setattr(sys, 'argv', ['lidar_pictures.py', str(tile), '--out', str(out)])
    lidar_pictures.main()
    with Image.open(out) as picture:
        assert min(picture.size) > 200
        assert np.asarray(picture).std() > 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ['picture.jpg', 'tile.laz']
