from __future__ import annotations

import numpy as np
import pytest

from fusionls.errors import InputError, ProductError
from fusionls.sources.insar.interferograms import found_pairs, open_interferograms

WAVELENGTH = 0.0554658


@pytest.fixture
def pairs(write_lonlat, truth):
    """Three unwrapped interferograms, one named with the later date first."""
    found = []
    for name, days in (
        ('a_20200101-20200701_unw.tif', 182),
        ('a_20200101-20201231_unw.tif', 365),
        ('a_20201231-20200701_unw.tif', -183),
    ):
        moved = truth.velocity * days / 365.25
        phase = np.where(truth.valid, -4 * np.pi / WAVELENGTH * moved, 0).astype(np.float32)
        found.append(write_lonlat(name, phase))
    return found


@pytest.fixture
def header(tmp_path):
    path = tmp_path / 'r_slc.par'
    path.write_text(
        'Gamma Interferometric SAR Processor (ISP)\n\nheading:   -12.0   degrees\n'
        f'incidence_angle:  39.0   degrees\nradar_frequency:  {299792458 / WAVELENGTH:.6e}  Hz\n'
    )
    return path


def test_velocity_of_pairs_whichever_date_comes_first(pairs, layers_of, check_truth):
    (source,) = open_interferograms(pairs, wavelength=WAVELENGTH)
    check_truth(layers_of([source])['insar_velocity_los'])
    assert source.record['dates'] == ['2020-01-01', '2020-12-31']


def test_header_tells_wavelength_and_line_of_sight(
    pairs, header, layers_of, check_los, check_truth
):
    found = layers_of(open_interferograms(pairs, header=header, track='asc'))
    check_truth(found['insar_velocity_los_asc'])
    check_los(found, '_asc')


def test_a_phase_that_grows_toward_the_satellite_is_kept(pairs, layers_of, truth):
    velocity, valid = layers_of(
        open_interferograms(pairs, wavelength=WAVELENGTH, positive='toward')
    )['insar_velocity_los']
    assert velocity[valid] == pytest.approx(-truth.velocity[valid], abs=1e-6)


def test_wavelength_and_sign_are_checked(pairs):
    with pytest.raises(InputError, match=r'wavelength is None, expected metres \(0\.0555'):
        open_interferograms(pairs)
    with pytest.raises(InputError, match=r'wavelength is 5\.5'):
        open_interferograms(pairs, wavelength=5.5)
    with pytest.raises(InputError, match="positive is 'up', expected away or toward"):
        open_interferograms(pairs, wavelength=0.055, positive='up')
    with pytest.raises(ProductError, match='mask_below needs a coherence'):
        open_interferograms(pairs, wavelength=0.055, mask_below=0.3)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('heading: -12 degrees', '2 problems'),
        ('heading: e\nincidence_angle: 39\nradar_frequency: 5e9', 'heading: e, expected a number'),
        ('heading: 1\nincidence_angle: 1e999\nradar_frequency: 5e9', 'incidence_angle: 1e999'),
        ('heading: 1\nincidence_angle: 39\nradar_frequency: 0', 'radar_frequency is 0, expected'),
    ],
)
def test_a_header_without_what_it_must_hold_is_refused(pairs, header, text, expected):
    header.write_text(text)
    with pytest.raises(ProductError, match=expected):
        open_interferograms(pairs, header=header)


def test_phases_and_coherences_go_together_and_odd_names_are_all_named(tmp_path):
    names = ['x_20200101-20200113_unw.tif', 'x_20200101-20200113_flat_cc.tif']
    (pair,) = found_pairs([tmp_path / name for name in names])
    assert (pair.phase.name, pair.coherence.name) == tuple(names)
    with pytest.raises(ProductError) as caught:
        found_pairs(
            [
                tmp_path / name
                for name in (*names, 'y_20200101_20200113.tif', 'mean.tif', '20200101_20209999.tif')
            ]
        )
    text = str(caught.value)
    assert 'y_20200101_20200113.tif: the same dates as x_20200101-20200113_unw.tif' in text
    assert 'mean.tif: expected two dates' in text
    assert '20200101_20209999.tif: expected two dates' in text
    with pytest.raises(ProductError, match='no unwrapped phase among 1 files'):
        found_pairs([tmp_path / names[1]])


@pytest.mark.real_data
def test_mexico_city_subsides_by_a_third_of_a_metre_a_year(real_data, layers_of):
    folder = real_data / 'insar_pyrate_mexico_city'
    files = sorted((folder / 'geotiffs').glob('cropA_2*.tif'))
    found = layers_of(
        open_interferograms(
            files,
            header=folder / 'headers' / 'r20180106_VV_slc.par',
            reference={'box': [-99.19, 19.37, -99.17, 19.45]},
        )
    )
    velocity, valid = found['insar_velocity_los']
    assert valid.mean() > 0.9
    lowest, middle = np.percentile(velocity[valid], [1, 50])
    # 0.30 m/yr along the line of sight, which is 0.39 of subsidence at 39.7 degrees; the east
    # of the city sinks by 0.4 m a year in published maps
    assert -0.33 < lowest < -0.27
    assert middle < -0.05
    assert velocity[valid].max() < 0.03
    up = found['insar_los_up'][0]
    assert up[0, 0] == pytest.approx(np.cos(np.radians(39.7036)))
    assert found['insar_los_east'][0][0, 0] < 0  # heading -12: ascending, seen from the west
    assert found['insar_pair_count'][0].max() == 30
    assert np.median(found['insar_velocity_std'][0][valid]) < 0.02
