"""Bands whose names contradict what they hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import rasterio

from fusionls.geo.grid import Grid
from fusionls.stack.inspection.meaning import band_findings, range_findings
from fusionls.stack.inspection.roles import colour_order, colours_of, likeliest_nir
from fusionls.stack.sample import Sample

COLOURS = ('red', 'green', 'blue', 'nir')


def sampled(utm_grid, layers, values) -> Sample:
    grid: Grid = utm_grid(*values.shape[1:])
    part = values.astype(np.float32), np.ones(values.shape, bool)
    return Sample('file', grid, tuple(layers), (part,))


@pytest.mark.parametrize('order', list(itertools.permutations(range(4)))[::5])
def test_near_infrared_is_recognised_wherever_it_stands(utm_grid, ground, picture, order):
    image = picture(ground())[list(order)]
    right = [f'optical_{COLOURS[band]}' for band in order]
    sample = sampled(utm_grid, right, image)
    assert likeliest_nir(sample) == order.index(3)
    assert list(band_findings(sample)) == []
    wrong = [right[-1], *right[:-1]]
    (finding,) = band_findings(sampled(utm_grid, wrong, image))
    assert 'as near infrared does' in finding.text


def test_grey_copies_tell_no_near_infrared(utm_grid, ground):
    grey = np.stack([ground()] * 4)
    assert likeliest_nir(sampled(utm_grid, COLOURS, grey)) is None


def test_descriptions_that_contradict_the_layers(utm_grid, ground, picture):
    image = picture(ground())[:3]
    sample = sampled(utm_grid, ['optical_red', 'optical_green', 'optical_blue'], image)
    assert list(band_findings(sample, ('B04', 'B03', 'B02'))) == []
    assert list(band_findings(sample, (None, None, None))) == []
    (finding,) = band_findings(sample, ('B02', 'B03', 'B04'))
    assert 'optical_red is read from a band called B02' in finding.text
    assert 'optical_green' not in finding.text


def test_colours_are_read_from_descriptions():
    assert colours_of(['Red', 'B03', 'band blue', 'B8A', None]) == ('red', 'green', 'blue', '', '')


def test_haze_tells_blue_from_red(utm_grid, ground, picture):
    image = picture(ground())[:3]
    assert colour_order(sampled(utm_grid, COLOURS[:3], image)) == 'red, green, blue'
    assert colour_order(sampled(utm_grid, COLOURS[:3], image[::-1])) == 'blue, green, red'


@pytest.mark.parametrize(
    ('layer', 'values', 'cure'),
    [
        ('terrain_slope', (0, 150), 'Check the unit'),
        ('optical_ndvi', (-80, 90), 'unit: percent'),
        ('terrain_elevation', (2000, 12_000), 'unit: ft'),
        ('insar_velocity_los_asc', (-40, 35), 'unit: mm/yr'),
    ],
)
def test_values_beyond_the_layer_name_the_unit_they_fit(utm_grid, layer, values, cure):
    spread = np.linspace(*values, 4096).reshape(1, 64, 64)
    (finding,) = range_findings(sampled(utm_grid, [layer], spread))
    assert cure in finding.cure


@pytest.mark.parametrize(
    ('layer', 'values'),
    [('terrain_slope', (0, 89)), ('insar_velocity_los', (-0.2, 0.1)), ('of_my_own', (-1e9, 1e9))],
)
def test_values_within_the_layer_are_no_finding(utm_grid, layer, values):
    spread = np.linspace(*values, 4096).reshape(1, 64, 64)
    assert list(range_findings(sampled(utm_grid, [layer], spread))) == []


@pytest.mark.real_data
def test_near_infrared_of_sentinel2_is_recognised(real_data, utm_grid):
    folder = real_data / 'puthumala_s2_s1_dem' / 'sentinel2'
    if not folder.is_dir():
        pytest.skip('puthumala_s2_s1_dem is not among the public data sets')
    bands = []
    for name in ('B04', 'B03', 'B02', 'B08'):
        with rasterio.open(folder / f'{name}.tif') as dataset:
            bands.append(dataset.read(1))
    for order in itertools.permutations(range(4)):
        sample = sampled(utm_grid, COLOURS, np.stack([bands[i] for i in order]))
        assert likeliest_nir(sample) == order.index(3)
