from __future__ import annotations

import datetime

import numpy as np
import pytest

from fusionls.errors import FileMissingError, InputError, ProductError, UnitUnknownError
from fusionls.sources.insar.stamps import open_stamps

DATES = (
    datetime.date(2015, 1, 1),
    datetime.date(2015, 7, 1),
    datetime.date(2016, 1, 1),
    datetime.date(2017, 1, 1),
)


@pytest.fixture
def points(truth):
    """Longitude, latitude and velocity of the points of the truth."""
    rows, cols = np.nonzero(truth.valid)
    longitude = truth.west + (cols + 0.5) * truth.step
    latitude = truth.north - (rows + 0.5) * truth.step
    return longitude, latitude, truth.velocity[truth.valid]


@pytest.fixture
def write(tmp_path, points):
    """Writes the export of the StaMPS Visualizer: first the reference and MATLAB's day numbers."""

    def written(scale=1000.0, dates=None, reference=(10.05, 45.05), wobble=0.0, points=points):
        longitude, latitude, velocity = points
        days = [date.toordinal() + 366 for date in DATES] if dates is None else dates
        lines = ['export_res_ 1,' + ','.join(f'export_res_ {i}' for i in range(2, 4 + len(days)))]
        lines.append(','.join(map(str, [*reference, 'NaN', *days])))
        for x, y, v in zip(longitude, latitude, velocity, strict=True):
            moved = [
                scale * (v * (date - DATES[0]).days / 365.25 + wobble * (-1) ** i)
                for i, date in enumerate(DATES[: len(days)])
            ]
            lines.append(','.join(f'{n:.9g}' for n in (x, y, scale * v, *moved)))
        path = tmp_path / 'export.csv'
        path.write_text('\n'.join(lines) + '\n')
        return path

    return written


def on_truth(source, truth):
    grid = type(source.grid)(source.crs, truth.west, truth.north, truth.step, truth.step, 6, 8)
    gridded = source.on(grid)
    return dict(zip(source.layers, zip(*gridded.read(), strict=True), strict=True))


def test_velocity_is_metres_a_year_toward_and_the_first_row_is_no_point(write, truth, check_truth):
    (source,) = open_stamps(write())
    check_truth(on_truth(source, truth)['insar_velocity_los'])
    assert source.record['points'] == truth.valid.sum()
    assert source.record['dates'] == ['2015-01-01', '2017-01-01']
    assert source.record['reference_point'] == [10.05, 45.05]
    assert source.record['positive'] == 'toward'


def test_another_unit_or_sign_is_turned(write, truth, check_truth):
    check_truth(on_truth(*open_stamps(write(100), unit='cm/yr'), truth)['insar_velocity_los'])
    (source,) = open_stamps(write(-1000), positive='away')
    check_truth(on_truth(source, truth)['insar_velocity_los'])
    assert source.record['positive'] == 'away'


def test_deviation_is_that_of_the_displacements_from_a_line(write, truth):
    smooth = on_truth(*open_stamps(write()), truth)['insar_velocity_std']
    assert smooth[0].max() < 1e-6
    rough, valid = on_truth(*open_stamps(write(wobble=0.002)), truth)['insar_velocity_std']
    years = np.array([(date - DATES[0]).days / 365.25 for date in DATES])
    moved = 0.002 * np.array([1, -1, 1, -1.0])
    line = np.polynomial.Polynomial.fit(years, moved, 1)
    expected = np.sqrt(((moved - line(years)) ** 2).sum() / 2 / ((years - years.mean()) ** 2).sum())
    assert rough[valid] == pytest.approx(expected, rel=1e-3)


def test_a_line_of_sight_can_be_told(write, truth, layers_of, check_los):
    sources = open_stamps(write(), track='desc', incidence=truth.incidence, heading=truth.heading)
    check_los(layers_of(sources), '_desc')
    with pytest.raises(InputError, match='give both'):
        open_stamps(write(), heading=-12.0)


def test_unknown_units_and_signs_are_refused(write):
    with pytest.raises(UnitUnknownError, match=r"export\.csv: unit 'mm/day' is unknown"):
        open_stamps(write(), unit='mm/day')
    with pytest.raises(UnitUnknownError, match='measures'):
        open_stamps(write(), unit='mm')
    with pytest.raises(InputError, match="positive is 'up'"):
        open_stamps(write(), positive='up')


def test_odd_dates_are_refused(write):
    with pytest.raises(ProductError, match=r'20150101\.0: no day number'):
        open_stamps(write(dates=[20150101, 20150201]))
    with pytest.raises(ProductError, match='would be 0'):
        open_stamps(write(dates=[1000, 2000]))
    with pytest.raises(ProductError, match='dates do not follow each other'):
        open_stamps(write(dates=[736330, 735965]))
    with pytest.raises(ProductError, match='place of the reference point'):
        open_stamps(write(reference=('NaN', 45.0)))


def test_swapped_longitude_and_latitude_are_noticed(write, points):
    longitude, latitude, velocity = points
    with pytest.raises(ProductError, match='Are the columns in another order'):
        open_stamps(write(points=(latitude, longitude + 93.6, velocity)))


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('a,b\n1,2\n', '2 columns and 1 rows; expected longitude'),
        ('a,b,c,d\n1,2,3,4\n', '4 columns and 1 rows'),
        ('a,b,c,d\n1,2,NaN,736330\n1,2,fast,4\n', "c: 1 entries are no numbers, the first 'fast'"),
        ('', 'cannot be read as a table'),
        ('a\n1,2,3,4,5\n1,2\n' + '"', 'cannot be read as a table'),
    ],
)
def test_other_tables_are_refused(tmp_path, text, expected):
    (tmp_path / 'x.csv').write_text(text)
    with pytest.raises(ProductError, match=expected):
        open_stamps(tmp_path / 'x.csv')
    with pytest.raises(FileMissingError):
        open_stamps(tmp_path / 'nowhere.csv')


@pytest.mark.real_data
@pytest.mark.parametrize(('name', 'points', 'count'), [('SBAS', 608, 38), ('PS', 97, 41)])
def test_the_slope_at_maoxian_moved_before_it_failed(real_data, name, points, count):
    (source,) = open_stamps(real_data / 'insar_stamps_maoxian_csv' / f'Maoxian_{name}.csv')
    assert source.record['points'] == points
    assert source.record['dates'] == ['2014-11-25', '2017-06-18']
    velocity = source.columns['insar_velocity_los']
    assert -0.029 < velocity.min() < -0.015
    assert velocity.max() < 0.010
    values, valid = source.read()
    assert 0 < valid[0].mean() < 0.5  # points, and gaps between them that stay gaps
    assert values[-1][valid[-1]].sum() == points
    # the velocity the file states is the slope of the displacements it states, within their noise
    deviation = source.columns['insar_velocity_std']
    assert np.median(deviation) < 0.005
