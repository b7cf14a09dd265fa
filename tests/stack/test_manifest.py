from __future__ import annotations

import hashlib
import string

import pyproj
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionls.geo.grid import Grid
from fusionls.quantities import CANONICAL_UNITS, Kind, Quantity
from fusionls.stack.manifest import InputRecord, Manifest, ModalityRecord, input_record

names = st.text(string.ascii_lowercase + '_', min_size=1, max_size=12)
quantities = st.builds(Quantity, st.sampled_from(sorted(CANONICAL_UNITS)), st.sampled_from(Kind))
records = st.builds(
    ModalityRecord,
    file=names.map(lambda name: f'{name}.tif'),
    factor=st.sampled_from([1, 2, 4, 8]),
    quantities=st.dictionaries(names, quantities, min_size=1, max_size=4),
    valid_share=st.floats(0, 1),
)
size = st.integers(1, 100_000)
place = st.floats(-1e7, 1e7)
pixel = st.floats(0.01, 1000)
grids = st.builds(
    Grid,
    st.sampled_from([pyproj.CRS(32617), pyproj.CRS(2193)]),
    place,
    place,
    pixel,
    pixel,
    size,
    size,
)
manifests = st.builds(
    Manifest,
    name=st.text(max_size=20),
    grid=grids,
    modalities=st.dictionaries(names, records, min_size=1, max_size=4),
    labels=st.sampled_from([None, 'labels.tif']),
    inputs=st.lists(st.builds(InputRecord, names, names, size), max_size=2).map(tuple),
    parameters=st.dictionaries(names, st.integers() | st.text(max_size=9), max_size=3),
    simulated=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(manifest=manifests)
def test_a_description_survives_the_disk(tmp_path_factory, manifest):
    folder = tmp_path_factory.mktemp('m')
    (folder / 'stack.json').write_text(manifest.to_json(), encoding='utf-8')
    assert Manifest.load(folder) == manifest


def test_a_checksum_is_of_the_bytes(tmp_path):
    (tmp_path / 'a.bin').write_bytes(b'abc' * 100_000)
    record = input_record(tmp_path / 'a.bin', 'a.bin')
    assert record.sha256 == hashlib.sha256(b'abc' * 100_000).hexdigest()
    assert record.bytes == 300_000
