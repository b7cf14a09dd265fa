"""Whether a LAS or LAZ file can hold what it promises, before a decoder trusts its numbers.

Flow: path -> [here] -> sources.lidar.las_header, which refuses what is damaged.
Source: ASPRS LAS specification 1.4 R15, table 3 (public header block); LASzip, laszip.hpp and the
chunk table of laszipformat; point data record formats 6 and higher are kept in layers, whose
lengths stand at the head of each chunk.
The decoders make room for as much as a file says it holds. A number of a damaged file can ask for
more memory than there is, which ends the process and is caught by no ``except``; so each number
that is a length is held against the length of the file first.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import lazrs

_SHORTEST_HEADER = 227
_VLR_HEAD, _EVLR_HEAD = 54, 60
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
"""Layers by LASzip item: point, colour, colour with near infrared, wave packet."""
_LAYERED_BYTES = 14
"""The item that has a layer per byte: extra bytes."""
_LARGEST_CHUNK = 1 << 30
"""Bytes of a chunk's points: the decoder holds them at once."""
_AGAIN = 'the file is damaged or incomplete; fetch it again'


def header_problems(path: Path) -> list[str]:
    """What is wrong with the numbers of the header; nothing where it may be read.

    Args:
        path: A file that exists.
    """
    size = path.stat().st_size
    with path.open('rb') as file:
        head = file.read(375)
    if head[:4] != b'LASF':
        return ['does not begin as LAS and LAZ files do (LASF)']
    if len(head) < _SHORTEST_HEADER:
        return [f'ends after {size} bytes, within its header: {_AGAIN}']
    length, points, records = struct.unpack_from('<HII', head, 94)
    problems = []
    if not _SHORTEST_HEADER <= length <= points <= size:
        problems.append(
            f'says that its header has {length} bytes and its points begin at byte {points} of '
            f'{size}: {_AGAIN}'
        )
    elif records * _VLR_HEAD > points - length:
        problems.append(
            f'says that {records} records stand in the {points - length} bytes between header and '
            f'points: {_AGAIN}'
        )
    if head[25] >= 4 and len(head) >= 247:
        start, more = struct.unpack_from('<QI', head, 235)
        if more and (start > size or more * _EVLR_HEAD > size - start):
            problems.append(
                f'says that {more} records stand behind byte {start} of {size}: {_AGAIN}'
            )
    return problems


def points_problems(path: Path, header: Any) -> list[str]:
    """What is wrong with the lengths of the points; nothing where they may be read.

    Args:
        path: The file.
        header: Its header as laspy reads it.
    """
    if header.point_count == 0:
        return ['holds no point']
    if not header.are_points_compressed:
        size = path.stat().st_size
        needed = header.offset_to_point_data + header.point_count * header.point_format.size
        if needed <= size:
            return []
        return [
            f'its header promises {header.point_count} points ({needed} bytes), the file has '
            f'{size} bytes: {_AGAIN}'
        ]
    with path.open('rb') as file:
        return _compressed_problems(file, path.stat().st_size, header)


def _compressed_problems(file: BinaryIO, size: int, header: Any) -> list[str]:
    vlrs = header.vlrs.get('LasZipVlr')
    if not vlrs:
        return [f'is compressed, but does not say how (no LASzip record): {_AGAIN}']
    record = bytes(vlrs[0].record_data)
    first = header.offset_to_point_data
    file.seek(first)
    pointer = file.read(8)
    table = struct.unpack('<q', pointer)[0] if len(pointer) == 8 else 0
    if table == -1:  # written as a stream: the place of the table stands at the very end
        file.seek(-8, 2)
        table = struct.unpack('<q', file.read(8))[0]
    if not first + 8 <= table <= size - 8:
        return [f'has no table of chunks where it should be (byte {table} of {size}): {_AGAIN}']
    file.seek(table + 4)
    count = struct.unpack('<I', file.read(4))[0]
    if count > table - first:
        return [f'says it has {count} chunks in {table - first} bytes: {_AGAIN}']
    vlr = lazrs.LazVlr(record)
    if vlr.item_size() != header.point_format.size:
        return [
            f'says that a point has {header.point_format.size} bytes, and {vlr.item_size()} when '
            f'compressed: {_AGAIN}'
        ]
    file.seek(first)
    chunks: Sequence[tuple[int, int]] = lazrs.read_chunk_table(file, vlr)
    room = table - first - 8
    if sum(length for _, length in chunks) > room:
        return [f'says that its chunks are longer than the {room} bytes they stand in: {_AGAIN}']
    largest = max((points for points, _ in chunks), default=0)
    if not vlr.uses_variable_size_chunks():
        largest = vlr.chunk_size()
    if largest * vlr.item_size() > _LARGEST_CHUNK:
        return [
            f'says that a chunk has {largest} points, which no program writes (50000 is usual): '
            f'{_AGAIN}'
        ]
    if vlr.uses_variable_size_chunks():
        held = sum(points for points, _ in chunks)
        possible = held == header.point_count
    else:
        held = len(chunks) * vlr.chunk_size()
        possible = held - vlr.chunk_size() < header.point_count <= held
    if not possible:
        return [
            f'its header promises {header.point_count} points, its {len(chunks)} chunks hold '
            f'{held}: {_AGAIN}'
        ]
    return _layer_problems(file, first + 8, chunks, _layers_of(record), vlr.item_size())


def _layers_of(record: bytes) -> int:
    """Layers of a chunk; 0 of formats below 6, which have none."""
    items = struct.iter_unpack(
        '<HHH', record[34 : 34 + 6 * struct.unpack_from('<H', record, 32)[0]]
    )
    return sum(
        length if kind == _LAYERED_BYTES else _LAYERS.get(kind, 0) for kind, length, _ in items
    )


def _layer_problems(
    file: BinaryIO, start: int, chunks: Sequence[tuple[int, int]], layers: int, point: int
) -> list[str]:
    if not layers:
        return []
    for number, (count, length) in enumerate(chunks):
        # a whole point, the number of points, then the lengths of the layers
        file.seek(start + point + 4)
        lengths = file.read(4 * layers)
        whole = len(lengths) == 4 * layers
        # some programs write an empty chunk at the end
        if count and not (whole and sum(struct.unpack(f'<{layers}I', lengths)) <= length):
            return [f'chunk {number} says that its layers are longer than itself: {_AGAIN}']
        start += length
    return []
