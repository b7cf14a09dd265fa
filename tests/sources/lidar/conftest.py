"""Clouds written by laspy alone, as a stranger's files: as told, right or wrong."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import laspy
import lazrs
import numpy as np
import pyproj
import pytest

WriteCloud = Callable[..., Path]


@pytest.fixture
def write_cloud(tmp_path: Path) -> WriteCloud:
    """Writes points as LAS or LAZ, told by the name's ending."""

    def write(
        name: str,
        x: np.ndarray,
        y: np.ndarray,
        z: np.ndarray,
        *,
        crs: str | int | None = 32617,
        version: str = '1.4',
        point_format: int = 6,
        scale: float = 0.001,
        **dimensions: np.ndarray,
    ) -> Path:
        header = laspy.LasHeader(point_format=point_format, version=version)
        header.scales = [scale] * 3
        header.offsets = [float(np.floor(np.min(v))) if len(v) else 0.0 for v in (x, y, z)]
        if crs is not None:
            header.add_crs(pyproj.CRS(crs))
        cloud = laspy.LasData(header)
        cloud.x, cloud.y, cloud.z = x, y, z
        for dimension, values in dimensions.items():
            setattr(cloud, dimension, values)
        path = tmp_path / name
        cloud.write(path)
        return path

    return write


@pytest.fixture
def write_copc(write_cloud: WriteCloud, tmp_path: Path) -> WriteCloud:
    """Writes a cloud as COPC 1.0: a root with every fifth point, the rest in its eight children.

    By the specification (copc.io), for laspy only reads it: chunks of any length, one per node of
    the octree, the info record first of all, the nodes' places in a record behind the points.
    """

    def write(name: str, *args: np.ndarray, **options: object) -> Path:
        cloud = laspy.read(write_cloud('plain.las', *args, **options))
        header = cloud.header
        places = np.stack([cloud.x, cloud.y, cloud.z], 1)
        middle = (places.min(0) + places.max(0)) / 2
        half = float((places.max(0) - places.min(0)).max() / 2) + 1
        child = (places >= middle).astype(int)
        root = np.arange(len(places)) % 5 == 0
        nodes = [((0, 0, 0, 0), root)]
        for x, y, z in np.ndindex(2, 2, 2):
            inside = ~root & (child == (x, y, z)).all(1)
            if inside.any():
                nodes.append(((1, x, y, z), inside))
        packed = lazrs.LazVlr.new_for_compression(
            header.point_format.id, 0, use_variable_size_chunks=True
        )
        info = laspy.VLR('copc', 1, '', bytes(160))
        header.vlrs.insert(0, info)
        header.vlrs.append(laspy.VLR('laszip encoded', 22204, '', packed.record_data()))
        header.are_points_compressed = True
        blank = io.BytesIO()
        header.write_to(blank)
        points = io.BytesIO(blank.getvalue())
        points.seek(0, io.SEEK_END)
        compressor = lazrs.LasZipCompressor(points, packed)
        compressor.reserve_offset_to_chunk_table()
        entries = b''
        for key, inside in nodes:
            start = points.tell()
            compressor.compress_many(np.frombuffer(cloud.points.array[inside].tobytes(), np.uint8))
            compressor.finish_current_chunk()
            length = points.tell() - start
            entries += struct.pack('<4iQ2i', *key, start, length, np.count_nonzero(inside))
        compressor.done()
        points.seek(0, io.SEEK_END)
        header.start_of_first_evlr, header.number_of_evlrs = points.tell(), 1
        hierarchy = struct.pack('<H16sHQ32s', 0, b'copc', 1000, len(entries), b'')
        info.record_data = struct.pack(
            '<5d2Q2d88x', *middle, half, half / 64, points.tell() + 60, len(entries), 0, 0
        )
        whole = bytearray(points.getvalue() + hierarchy + entries)
        head = io.BytesIO()
        header.write_to(head, ensure_same_size=True)
        whole[: len(head.getvalue())] = head.getvalue()
        path = tmp_path / name
        path.write_bytes(whole)
        return path

    return write
