import geopandas
import numpy as np
import pyproj
import pytest

from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.inference.active_deformation import ActivityRule, join_deformation
from fusionls.inference.boxes import Detections
from fusionls.inventory.boxes import LAYER, write_boxes

GRID = Grid(pyproj.CRS.from_epsg(32617), 500000.0, 4000000.0, 10.0, 10.0, 40, 60)


@pytest.fixture
def found():
    velocity = np.zeros((10, 15), np.float32)
    velocity[6:9, 2:6] = -0.05
    boxes = Detections(np.array([[40.0, 4, 50, 14]]), np.array([0.7]))
    valid = np.ones((10, 15), bool)
    return join_deformation(boxes, velocity, valid, factor=4, rule=ActivityRule())


def test_boxes_lie_where_their_pixels_are(found, tmp_path):
    written = write_boxes(found, GRID, tmp_path / 'boxes.gpkg')
    read = geopandas.read_file(tmp_path / 'boxes.gpkg', layer=LAYER)
    assert read.crs == GRID.crs
    assert read['verdict'].tolist() == ['undetected', 'quiet']
    # 10 m pixels: columns 8 to 24, rows 24 to 36; columns 40 to 50, rows 4 to 14
    np.testing.assert_allclose(
        read.bounds.to_numpy(),
        [[500080, 3999640, 500240, 3999760], [500400, 3999860, 500500, 3999960]],
    )
    np.testing.assert_allclose(read['score'], [1.0, 0.7])
    assert read['detector_score'].isna().tolist() == [True, False]
    np.testing.assert_allclose(read['active_speed_m_per_yr'][0], 0.05)
    assert written['id'].tolist() == [1, 2]


def test_another_kind_of_file_is_refused(found, tmp_path):
    with pytest.raises(InputError, match=r'\.gpkg'):
        write_boxes(found, GRID, tmp_path / 'boxes.shp')
