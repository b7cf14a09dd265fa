from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import FileMissingError, InputError, ProductError
from fusionls.sources.insar.licsar import open_licsar

FRAME = '124A_04854_171313'
PAIRS = {'20200101_20200313': 72, '20200313_20200606': 85, '20200101_20200606': 157}
WAVELENGTH = 0.055465763


@pytest.fixture
def write_frame(tmp_path, write_lonlat, truth):
    """Writes a frame: phase in radians, positive away; coherence as bytes; E, N, U toward."""

    def write(coherence=200, dtype=np.uint8, offsets=(0.0, 0.0, 0.0)):
        (tmp_path / 'frame').mkdir()
        for (name, days), offset in zip(PAIRS.items(), offsets, strict=True):
            moved = truth.velocity * days / 365.25 + offset
            phase = np.where(truth.valid, -4 * np.pi / WAVELENGTH * moved, 0)
            folder = f'frame/{name}'
            (tmp_path / folder).mkdir()
            write_lonlat(f'{folder}/{name}.geo.unw.tif', phase.astype(np.float32))
            cc = np.where(truth.valid, coherence, 0).astype(dtype)
            write_lonlat(f'{folder}/{name}.geo.cc.tif', cc)
        for way, component in zip('ENU', truth.los, strict=True):
            cosine = np.where(truth.valid, component, 0).astype(np.float32)
            write_lonlat(f'frame/{FRAME}.geo.{way}.tif', cosine)
        write_lonlat(f'frame/{FRAME}.geo.hgt.tif', np.full(truth.shape, 70, np.float32))
        return tmp_path / 'frame'

    return write


def test_phases_away_become_a_velocity_toward(write_frame, layers_of, check_truth, check_los):
    (source,) = open_licsar(write_frame(), track='asc')
    found = layers_of([source])
    check_truth(found['insar_velocity_los_asc'])
    check_los(found, '_asc')
    assert found['insar_pair_count_asc'][0].max() == 3
    assert found['insar_velocity_std_asc'][0].max() < 1e-6
    assert found['insar_elevation_asc'][0].max() == 70
    assert source.record['positive'] == 'away'
    assert source.record['dates'] == ['2020-01-01', '2020-06-06']


@pytest.mark.parametrize(('stored', 'dtype'), [(204, np.uint8), (0.8, np.float32)])
def test_coherence_is_0_to_1_from_bytes_and_from_floats(write_frame, stored, dtype, layers_of):
    coherence, valid = layers_of(open_licsar(write_frame(stored, dtype)))['insar_coherence']
    assert coherence[valid] == pytest.approx(0.8)


def test_a_pixel_needs_the_least_number_of_pairs(write_frame, truth, write_lonlat, layers_of):
    folder = write_frame()
    name = next(iter(PAIRS))
    write_lonlat(f'frame/{name}/{name}.geo.unw.tif', np.zeros(truth.shape, np.float32))
    assert not layers_of(open_licsar(folder))['insar_velocity_los'][1].any()
    found = layers_of(open_licsar(folder, least_pairs=2))['insar_velocity_los']
    assert np.array_equal(found[1], truth.valid)


def test_the_reference_is_taken_off_each_pair(write_frame, truth, layers_of):
    # each interferogram has a constant of its own, which only a reference can take off
    folder = write_frame(offsets=(0.03, -0.01, 0.02))
    box = [truth.west, truth.north - truth.step, truth.west + 1, truth.north + 1]
    velocity, valid = layers_of(
        open_licsar(folder, reference={'point': [10.0005, 44.9995], 'radius': 30})
    )['insar_velocity_los']
    assert velocity[valid] == pytest.approx(
        (truth.velocity - truth.velocity[0, 0])[valid], abs=1e-6
    )
    with pytest.raises(InputError, match=r'8 valid pixels tell it, at least 10 are needed'):
        open_licsar(folder, reference={'box': box})


def test_a_folder_without_a_frame_or_with_half_a_look_vector_is_refused(tmp_path, write_frame):
    with pytest.raises(FileMissingError):
        open_licsar(tmp_path / 'nowhere')
    with pytest.raises(ProductError, match=r'holds no DATE_DATE\.geo\.unw\.tif'):
        open_licsar(tmp_path)
    folder = write_frame()
    (folder / f'{FRAME}.geo.N.tif').unlink()
    with pytest.raises(ProductError, match='of the look vector only E, U'):
        open_licsar(folder)
