"""What a tile sees is its window and more, but not beyond its scene and its split."""

import numpy as np
import pyproj
import pytest
import shapely

from fusionls.datasets.footprints import Place, footprints, ground_is_known, shared_crs
from fusionls.datasets.splits import random_blocks
from fusionls.datasets.tile_dataset import TileDataset
from fusionls.datasets.transforms import LoadTile
from fusionls.testing import made_up_scene

LAYERS = {'terrain': ['terrain_slope']}


class Tiles(TileDataset):
    split_by_blocks = True

    def open_scenes(self):
        import dataclasses

        scene = made_up_scene(LAYERS, shape=(200, 240), holes=0.0)
        scene = dataclasses.replace(scene, simulated=False)
        owners = random_blocks((200, 240), 20, 2, 0.3, 1, 0) if self.split_by_blocks else None
        return [(scene, owners)]


class Whole(Tiles):
    split_by_blocks = False


@pytest.mark.parametrize('split', ['train', 'val'])
@pytest.mark.parametrize('reach', [(0, 0), (8, 0), (8, 16)])
def test_the_ground_is_that_of_the_pixels_that_can_be_valid(split, reach):
    context, jitter = reach
    data = Tiles(
        layers=LAYERS, split=split, tile=40,
        pipeline=[dict(type=LoadTile, context=context, jitter=jitter)],
    )  # fmt: skip
    (place,) = footprints(data).places
    scene, owners = data.scenes[0]
    own = owners.allowed(scene.grid.window, split)
    assert len(place.ground) == len(data) > 2
    for index, ground in enumerate(place.ground):
        near = (
            data.get_data_info(index)['window']
            .grown(context + jitter)
            .intersection(scene.grid.window)
        )
        seen = np.zeros(own.shape, bool)
        seen[near.slices] = own[near.slices]
        assert shapely.area(ground) == pytest.approx(seen.sum() * 100.0)
        for row, col in np.argwhere(seen)[::37]:
            east, north = 500_000 + (col + 0.5) * 10, 4_000_000 - (row + 0.5) * 10
            assert shapely.contains_xy(ground, east, north)


def test_a_scene_of_one_owner_is_seen_in_whole_windows_within_it():
    (place,) = footprints(Whole(layers=LAYERS, tile=80)).places
    assert shapely.area(place.ground).tolist() == [640_000.0] * 6 + [320_000.0] * 3
    assert place.names[4] == 'made_up_0 at row 80, column 80'


def test_context_changes_what_is_seen_but_not_which_tiles_they_are():
    plain, wide = (
        footprints(Tiles(layers=LAYERS, split='val', tile=40, pipeline=[
            dict(type=LoadTile, context=context)]))
        for context in (0, 20)
    )  # fmt: skip
    assert plain.grounds == wide.grounds
    assert shapely.area(plain.places[0].ground).sum() < shapely.area(wide.places[0].ground).sum()


def test_coordinates_of_made_up_scenes_are_no_place():
    assert not ground_is_known(made_up_scene(LAYERS))
    assert footprints(Tiles(layers=LAYERS, tile=40, split='val')).places
    made_up = Tiles.open_scenes
    try:
        Tiles.open_scenes = lambda self: [(made_up_scene(LAYERS, shape=(200, 240)), None)]
        assert footprints(Tiles(layers=LAYERS, tile=40)).places == []
    finally:
        Tiles.open_scenes = made_up


def place(crs, box):
    return Place(pyproj.CRS(crs), 1.0, ['a'], [shapely.box(*box)])


def test_ground_keeps_its_size_and_place_in_a_neighbouring_zone():
    here = place('EPSG:32617', (600_000, 4_000_000, 600_400, 4_000_400))
    (there,) = here.ground_in(pyproj.CRS('EPSG:32616'))
    assert shapely.area(there) == pytest.approx(160_000, rel=0.01)  # scale factors differ
    centre = shapely.centroid(there)
    back = pyproj.Transformer.from_crs(32616, 32617, always_xy=True).transform(centre.x, centre.y)
    assert back == pytest.approx((600_200, 4_000_200), abs=0.1)


def test_places_on_two_bodies_share_no_crs():
    mars = pyproj.CRS('+proj=eqc +a=3396190 +b=3396190 +units=m')
    earth = place('EPSG:32617', (0, 0, 1, 1))
    assert shared_crs(place(mars, (0, 0, 1, 1)), earth) is None
    assert shared_crs(earth, place(mars, (0, 0, 1, 1))) is None
    assert shared_crs(earth, place('EPSG:4326', (0, 0, 1, 1))) == earth.crs


def test_places_in_degrees_are_compared_in_metres():
    one = place('EPSG:4326', (10.0, 47.0, 10.01, 47.01))
    crs = shared_crs(one, one)
    assert crs.is_projected
    geod = pyproj.Geod(ellps='WGS84')
    area, _ = geod.geometry_area_perimeter(one.ground[0])
    assert shapely.area(one.ground_in(crs)[0]) == pytest.approx(area, rel=1e-5)
