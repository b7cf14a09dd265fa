"""Several files as one product, layers of one modality derived from another's, moved sources."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from fusionls.errors import SceneError
from fusionls.geo.window import Window
from fusionls.stack import build_stack
from fusionls.stack.align import aligned
from fusionls.stack.scene import Scene

WEST, NORTH = 500_000.0, 4_000_000.0


def scene(tmp_path, text: str) -> Scene:
    path = tmp_path / 'SCENE.yaml'
    path.write_text(textwrap.dedent(text))
    return Scene.load(path)


def ready(tmp_path, text: str, moves=None):
    problems: list[str] = []
    found = aligned(scene(tmp_path, text), problems, moves)
    assert problems == []
    assert found is not None
    return found


def plane(rows=40, cols=40, west=WEST, pixel=10.0):
    """Heights that rise one metre in a hundred toward the east."""
    east = west + (np.arange(cols) + 0.5) * pixel - WEST
    return np.broadcast_to(east / 100, (rows, cols)).astype(np.float32)


def test_rasters_side_by_side_are_one_source_without_a_seam(tmp_path, write_raster):
    write_raster('west.tif', plane())
    write_raster('east.tif', plane(west=WEST + 400), west=WEST + 400)
    found = ready(
        tmp_path,
        """
        modalities:
          terrain:
            sources: [{files: [west.tif, east.tif], layers: [terrain_elevation], unit: m}]
            derive: [terrain_slope]
        """,
    )
    assert found.grid.shape == (40, 80)  # the mosaic's extent, not the first file's
    values, valid = found.modalities[0].read(found.grid.window)
    assert values[0] == pytest.approx(plane(cols=80), abs=1e-4)
    assert valid[1, 1:-1, 1:-1].all()  # across the seam too
    assert values[1][valid[1]] == pytest.approx(np.degrees(np.arctan(0.01)), abs=1e-3)


def test_the_first_raster_of_a_mosaic_is_on_top_and_its_holes_are_filled(tmp_path, write_raster):
    top = np.full((20, 20), 5, np.float32)
    top[3, 4] = np.nan
    write_raster('top.tif', top)
    write_raster('below.tif', np.full((20, 20), 9, np.float32))
    found = ready(
        tmp_path,
        """
        modalities:
          optical: {sources: [{files: [top.tif, below.tif], layers: [optical_red]}]}
        """,
    )
    values, valid = found.modalities[0].read(found.grid.window)
    assert valid.all()
    assert values[0, 3, 4] == 9
    assert (values == 5).sum() == 399


def test_files_may_be_named_by_a_pattern(tmp_path, write_raster):
    write_raster('tile_1.tif', plane())
    write_raster('tile_2.tif', plane(west=WEST + 400), west=WEST + 400)
    found = ready(
        tmp_path,
        "modalities: {terrain: {sources: [{files: 'tile_*.tif', layers: [terrain_elevation]}]}}",
    )
    assert [source.path.name for source in found.modalities[0].sources] == [
        'tile_1.tif',
        'tile_2.tif',
    ]


def test_a_pattern_that_finds_nothing_is_told(tmp_path):
    with pytest.raises(SceneError, match=r"nothing is called 'none_\*\.tif'"):
        scene(
            tmp_path,
            "modalities: {terrain: {sources: [{files: 'none_*.tif', layers: [terrain_slope]}]}}",
        )


def test_a_layer_may_be_derived_from_another_modality_on_its_own_pixels(tmp_path, write_raster):
    write_raster('o.tif', np.ones((40, 40), np.float32))
    write_raster('dtm.tif', np.full((40, 40), 100, np.float32))
    write_raster('dsm.tif', np.full((20, 20), 117, np.float32), pixel=20.0)
    found = ready(
        tmp_path,
        """
        modalities:
          optical: {sources: [{file: o.tif, layers: [optical_red]}]}
          lidar: {sources: [{file: dtm.tif, layers: [lidar_ground]}]}
          coarse:
            sources: [{file: dsm.tif, layers: [lidar_surface]}]
            derive: [lidar_canopy_height]
            factor: 2
        """,
    )
    coarse = found.modalities[2]
    assert coarse.layers == ('lidar_surface', 'lidar_canopy_height')  # what is lent stays there
    values, valid = coarse.read(coarse.grid.window)
    assert values.shape == (2, 20, 20)
    assert valid.all()
    assert (values[1] == 17).all()


def test_holes_of_what_is_lent_invalidate_only_what_is_derived_from_it(tmp_path, write_raster):
    ground = np.full((20, 20), 100, np.float32)
    ground[:5] = np.nan
    write_raster('dtm.tif', ground)
    write_raster('dsm.tif', np.full((20, 20), 117, np.float32))
    found = ready(
        tmp_path,
        """
        modalities:
          lidar: {sources: [{file: dtm.tif, layers: [lidar_ground]}]}
          canopy:
            sources: [{file: dsm.tif, layers: [lidar_surface]}]
            derive: [lidar_canopy_height]
        """,
    )
    _, valid = found.modalities[1].read(found.grid.window)
    assert valid[0].all()
    assert (valid[1] == np.isfinite(ground)).all()


def test_what_no_modality_holds_is_told(tmp_path):
    with pytest.raises(SceneError, match='lidar_canopy_height needs lidar_ground, which no source'):
        scene(
            tmp_path,
            """
            modalities:
              canopy:
                sources: [{file: dsm.tif, layers: [lidar_surface]}]
                derive: [lidar_canopy_height]
            """,
        )


@pytest.mark.parametrize('move', [(20.0, 0.0), (0.0, -30.0), (7.0, 3.0)])
def test_a_moved_modality_lies_as_much_further_east_and_north(tmp_path, write_raster, move):
    rows, cols = np.mgrid[:40, :40]
    write_raster('o.tif', np.ones((40, 40), np.float32))
    write_raster('dem.tif', (3.0 * cols - 2.0 * rows).astype(np.float32))
    text = """
        modalities:
          optical: {sources: [{file: o.tif, layers: [optical_red]}]}
          terrain:
            sources: [{file: dem.tif, layers: [terrain_elevation]}]
            keep: [terrain_elevation]
        """
    moved = ready(tmp_path, text, {'terrain': move}).modalities[1]
    inner = Window(10, 10, 20, 20)
    # what lies here now came from as far west and south
    expected = 3.0 * (cols - move[0] / 10) - 2.0 * (rows + move[1] / 10)
    assert moved.read(inner)[0][0] == pytest.approx(expected[inner.slices], abs=2e-3)


def test_velocity_positive_away_is_turned_to_ours_and_recorded(tmp_path, write_raster):
    write_raster('v.tif', np.full((20, 20), 12, np.float32))
    path = tmp_path / 'SCENE.yaml'
    path.write_text(
        'modalities: {insar: {sources: [{file: v.tif, layers: [insar_velocity_los], '
        'unit: mm/yr, positive: away}]}}'
    )
    stack = build_stack(path, tmp_path / 'stack')
    values, _ = stack.read(stack.grid.window)['insar']
    assert values == pytest.approx(-0.012)
    assert stack.manifest.parameters['sources']['insar'][0]['positive'] == 'away'


def test_every_file_a_source_is_read_from_is_on_record(tmp_path, write_raster):
    import rasterio

    write_raster('a.tif', np.ones((20, 20), np.float32))
    with rasterio.open(tmp_path / 'a.tif') as dataset:
        transform, wkt = dataset.transform, dataset.crs.to_wkt()
    (tmp_path / 'a.vrt').write_text(
        f'<VRTDataset rasterXSize="20" rasterYSize="20"><SRS>{wkt.replace("<", "&lt;")}</SRS>'
        f'<GeoTransform>{",".join(map(str, transform.to_gdal()))}</GeoTransform>'
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">a.tif</SourceFilename><SourceBand>1</SourceBand>'
        '</SimpleSource></VRTRasterBand></VRTDataset>'
    )
    path = tmp_path / 'SCENE.yaml'
    path.write_text('modalities: {optical: {sources: [{file: a.vrt, layers: [optical_red]}]}}')
    stack = build_stack(path, tmp_path / 'stack')
    assert [record.file for record in stack.manifest.inputs] == ['a.vrt', 'a.tif']


@pytest.mark.parametrize(
    ('source', 'expected'),
    [
        ('{file: a.tif, files: [b.tif], layers: [optical_red]}', 'file and files are both given'),
        ('{files: [], layers: [optical_red]}', 'files is empty'),
        ('{product: mintpi, file: a.h5}', "product 'mintpi' is unknown; "),
        ('{file: a.tif, layers: [optical_red], ignore_nodata: 1}', 'expected true or false'),
    ],
)
def test_a_source_that_makes_no_sense_is_told(tmp_path, source, expected):
    with pytest.raises(SceneError, match=expected):
        scene(tmp_path, f'modalities: {{optical: {{sources: [{source}]}}}}')


def test_a_layer_that_needs_the_whole_scene_is_the_same_in_every_window(
    tmp_path, write_raster, monkeypatch
):
    from fusionls.layers.catalog import CATALOG
    from fusionls.layers.spec import Derivation, LayerSpec
    from fusionls.quantities import Quantity
    from fusionls.stack import aligned as reading

    def ranks(parts, wanted, cell):
        """The number of lower cells in the whole array: nothing a window could know."""
        ((values, valid),) = parts
        lower = np.searchsorted(np.sort(values[valid]), values)
        return [(np.where(valid, lower, 0).astype(np.float32), valid)]

    spec = LayerSpec(
        'terrain_rank',
        Quantity('1'),
        'cells that lie lower',
        derivation=Derivation(('terrain_elevation',), ranks, whole=True),
    )
    monkeypatch.setitem(CATALOG, 'terrain_rank', spec)
    monkeypatch.setattr(reading, 'WHOLE_ROWS', 7)
    dem = np.random.default_rng(0).permutation(40 * 30).reshape(40, 30).astype(np.float32)
    write_raster('dem.tif', dem)
    found = ready(
        tmp_path,
        """
        modalities:
          terrain:
            sources: [{file: dem.tif, layers: [terrain_elevation]}]
            derive: [terrain_rank, terrain_slope]
        """,
    ).modalities[0]
    whole, valid = found.read(found.grid.window)
    assert np.array_equal(whole[1], dem)  # a permutation ranks as itself
    assert valid[1].all()
    part, _ = found.read(Window(11, 5, 9, 8))
    assert np.array_equal(part[1], dem[11:20, 5:13])
    assert np.array_equal(part[2], whole[2, 11:20, 5:13])
