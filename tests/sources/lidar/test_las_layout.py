from __future__ import annotations

import re
import struct

import laspy
import numpy as np
import pytest

from fusionls.errors import PointCloudError
from fusionls.sources.lidar import las_layout
from fusionls.sources.lidar.las_layout import header_problems, points_problems
from fusionls.sources.lidar.point_cloud import PointCloud

COUNT = 700


@pytest.fixture
def sound(write_cloud):
    """A file of each make, as bytes."""

    def make(name, **options):
        rng = np.random.default_rng(0)
        x, y, z = rng.uniform(0, [[50], [40], [9]], (3, COUNT))
        return write_cloud(name, 500_000 + x, 4_000_000 + y, z, **options)

    return make


def problems_of(path):
    found = header_problems(path)
    if not found:
        with laspy.open(path) as reader:
            found = points_problems(path, reader.header)
    return found


@pytest.mark.parametrize('name', ['a.las', 'a.laz'])
@pytest.mark.parametrize(
    ('version', 'point_format'), [('1.2', 0), ('1.2', 3), ('1.3', 1), ('1.4', 6), ('1.4', 8)]
)
def test_a_sound_file_has_no_problem(sound, name, version, point_format):
    path = sound(name, version=version, point_format=point_format)
    assert problems_of(path) == []
    cloud = PointCloud.open([path])
    assert sum(map(len, cloud.chunks(cloud.crs))) == COUNT


def test_lengths_of_layers_fill_their_chunk_exactly(sound):
    path = sound('a.laz', point_format=7)
    data = path.read_bytes()
    first = struct.unpack_from('<I', data, 96)[0]
    with laspy.open(path) as reader:
        record = bytes(reader.header.vlrs.get('LasZipVlr')[0].record_data)
        size = reader.header.point_format.size
    layers = las_layout._layers_of(record)
    lengths = struct.unpack_from(f'<{layers}I', data, first + 8 + size + 4)
    table = struct.unpack_from('<q', data, first)[0]
    assert layers == 10
    assert sum(lengths) + size + 4 + 4 * layers == table - first - 8


def test_a_file_written_as_a_stream_has_its_table_found_from_the_end(sound):
    path = sound('a.laz')
    data = bytearray(path.read_bytes())
    first = struct.unpack_from('<I', data, 96)[0]
    table = data[first : first + 8]
    data[first : first + 8] = struct.pack('<q', -1)
    path.write_bytes(data + table)
    assert problems_of(path) == []


def patched(path, at, form, value):
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, at(data), value)
    path.write_bytes(data)
    return path


def points_begin(data):
    return struct.unpack_from('<I', data, 96)[0]


def table_begins(data):
    return struct.unpack_from('<q', data, points_begin(data))[0]


def chunk_size(data):
    return data.find(b'laszip encoded') + 64


@pytest.mark.parametrize(
    ('name', 'at', 'form', 'value', 'said'),
    [
        ('a.las', lambda d: 100, '<I', 2**32 - 1, 'says that 4294967295 records stand in the'),
        ('a.las', lambda d: 243, '<I', 2**32 - 1, '4294967295 records stand behind byte'),
        ('a.las', lambda d: 96, '<I', 2**32 - 1, 'points begin at byte 4294967295 of'),
        ('a.las', lambda d: 94, '<H', 65535, 'says that its header has 65535 bytes'),
        ('a.las', lambda d: 247, '<Q', 2**60, 'promises 1152921504606846976 points'),
        ('a.laz', lambda d: 247, '<Q', 2**60, 'promises 1152921504606846976 points, its 1 chunks'),
        ('a.laz', lambda d: 247, '<Q', 0, 'holds no point'),
        ('a.laz', points_begin, '<q', 2**62, 'has no table of chunks where it should be'),
        ('a.laz', lambda d: table_begins(d) + 4, '<I', 2**32 - 1, 'says it has 4294967295 chunks'),
        ('a.laz', chunk_size, '<I', 2**32 - 16, 'says that a chunk has 4294967280 points'),
        (
            'a.laz',
            lambda d: points_begin(d) + 8 + 30 + 4 + 8,
            '<I',
            2**32 - 1,
            'chunk 0 says that its layers are longer than itself',
        ),
    ],
)  # fmt: skip
def test_a_number_that_the_file_cannot_hold_is_refused_before_a_decoder_sees_it(
    sound, name, at, form, value, said
):
    # so many chunks, or points of a chunk, handed to the decompressor, end the process
    path = patched(sound(name), at, form, value)
    assert len(problems_of(path)) == 1
    with pytest.raises(PointCloudError, match=re.escape(said)) as caught:
        PointCloud.open([path])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('kept', [0, 3, 200, 300])
def test_a_file_that_ends_in_its_header_is_refused(sound, kept):
    path = sound('a.las')
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(PointCloudError, match=r'a\.las: cannot be (read|used)'):
        PointCloud.open([path])


def test_something_else_is_told_apart(tmp_path):
    path = tmp_path / 'picture.las'
    path.write_bytes(b'\x89PNG' + bytes(500))
    with pytest.raises(PointCloudError, match='does not begin as LAS and LAZ files do'):
        PointCloud.open([path])
