import json

import geopandas
import numpy as np
import pytest
import rasterio
import yaml
from rasterio.features import rasterize
from rasterio.warp import transform_bounds

from fusionls.errors import OutputError
from fusionls.simulation import simulate_valley, write_valley
from fusionls.simulation.landslides import SlideKind
from fusionls.stack.build import build_stack
from fusionls.stack.layer_stack import LayerStack

RASTERS = {
    # name: EPSG, bands, pixel type, unit
    'optical.tif': (32616, 4, 'uint16', 'reflectance x 10000'),
    'dem.tif': (4326, 1, 'float32', 'm'),
    'velocity.tif': (32616, 1, 'float32', 'mm/yr'),
    'coherence.tif': (32616, 1, 'float32', '1'),
    'dtm.tif': (32616, 1, 'float32', 'm'),
    'dsm.tif': (32616, 1, 'float32', 'm'),
}


@pytest.mark.parametrize('name', RASTERS)
def test_product_opens_with_its_crs_bands_unit_and_label(written, name):
    epsg, bands, kind, unit = RASTERS[name]
    with rasterio.open(written.parent / name) as product:
        assert product.crs.to_epsg() == epsg
        assert product.count == bands
        assert product.dtypes == (kind,) * bands
        assert product.tags()['unit'] == unit
        assert product.tags()['simulated'] == 'true'


def test_files_hold_the_arrays(written, valley):
    with rasterio.open(written.parent / 'optical.tif') as product:
        counts = product.read(masked=True)
    assert np.array_equal(counts.mask[0], np.isnan(valley.optical[0]))
    assert np.abs(counts / 1e4 - valley.optical).max() <= 0.501e-4
    with rasterio.open(written.parent / 'velocity.tif') as product:
        assert np.allclose(product.read(1), valley.velocity * 1000, equal_nan=True)
        assert product.res == (20.0, 20.0)
    with rasterio.open(written.parent / 'dtm.tif') as product:
        assert np.array_equal(product.read(1), valley.dtm, equal_nan=True)
        assert product.bounds[:2] == (valley.grid.west, valley.grid.south)


def test_coarse_dem_covers_the_scene(written, valley):
    with rasterio.open(written.parent / 'dem.tif') as product:
        west, south, east, north = transform_bounds('EPSG:32616', 'EPSG:4326', *valley.grid.bounds)
        bounds = product.bounds
        assert bounds.left < west
        assert bounds.right > east
        assert bounds.bottom < south
        assert bounds.top > north
        assert product.res[0] == pytest.approx(1 / 3600)


def test_inventory_rasterises_to_the_truth(written, valley):
    frame = geopandas.read_file(written.parent / 'inventory.gpkg', layer='landslides')
    burnt = rasterize(
        zip(frame.geometry, frame['id'], strict=True),
        valley.truth.shape,
        transform=valley.grid.transform,
        dtype='uint16',
    )
    assert np.array_equal(burnt, valley.truth)
    assert np.allclose(frame.area, frame['area_m2'])
    assert set(frame['type']) == {kind.value for kind in SlideKind}
    assert frame['simulated'].all()
    assert frame.crs.to_epsg() == 32616


def test_scene_description_names_every_file_and_says_simulated(written):
    scene = yaml.safe_load(written.read_text())
    assert scene['simulated'] is True
    assert list(scene['modalities']) == ['optical', 'terrain', 'insar', 'lidar']
    named = {s['file'] for m in scene['modalities'].values() for s in m['sources']}
    assert named == set(RASTERS)
    assert scene['landslides'] == {'file': 'inventory.gpkg', 'layer': 'landslides'}


def test_writing_into_a_file_is_refused(valley, tmp_path):
    (tmp_path / 'taken').write_text('')
    with pytest.raises(OutputError):
        write_valley(valley, tmp_path / 'taken')


def test_the_scene_becomes_a_stack(tmp_path):
    scene = simulate_valley(tmp_path / 'raw', seed=3, size=256)
    build_stack(scene, tmp_path / 'stack')
    stack = LayerStack.open(tmp_path / 'stack')
    factors = {name: modality.factor for name, modality in stack.modalities.items()}
    assert factors == {'optical': 1, 'terrain': 4, 'insar': 4, 'lidar': 1}
    assert stack.grid.shape == (256, 256)
    labels = stack.read_labels(stack.grid.window)
    frame = geopandas.read_file(tmp_path / 'raw' / 'inventory.gpkg')
    assert (labels == 1).sum() * 25.0 == pytest.approx(frame['area_m2'].sum())
    values, valid = stack.read(stack.grid.window, ['insar'])['insar']
    velocity = values[list(stack.modalities['insar'].layers).index('insar_velocity_los')]
    assert np.abs(velocity[valid]).max() < 0.1  # metres per year
    assert valid.mean() == pytest.approx(0.7, abs=0.25)
    recorded = json.loads((tmp_path / 'stack' / 'stack.json').read_text())
    assert recorded['simulated'] is True
