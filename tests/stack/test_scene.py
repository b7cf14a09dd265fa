from __future__ import annotations

import textwrap

import pytest

from fusionls.errors import FileMissingError, SceneError
from fusionls.stack.scene import Scene

GOOD = """
    name: valley
    simulated: true
    grid: {crs: EPSG:32617, pixel: 10, bounds: [500000, 3999000, 501000, 4000000]}
    modalities:
      optical:
        sources:
          - {file: o.tif, layers: [optical_red, null, optical_nir], unit: reflectance, nodata: 1e-3}
        factor: 1
      terrain:
        sources: [{file: dem.tif, layers: [terrain_elevation], unit: m}]
      lidar:
        sources:
          - {file: dtm.tif, layers: [lidar_ground]}
          - {file: dsm.tif, layers: [lidar_surface]}
        derive: [lidar_canopy_height]
        keep: [lidar_canopy_height, lidar_ground]
    landslides: {file: l.gpkg, layer: landslides, mapped_area: a.gpkg}
"""


def written(tmp_path, text):
    path = tmp_path / 'SCENE.yaml'
    path.write_text(textwrap.dedent(text))
    return path


def problems_of(tmp_path, text) -> str:
    with pytest.raises(SceneError) as caught:
        Scene.load(written(tmp_path, text))
    return str(caught.value)


def test_a_scene_is_read_as_it_says(tmp_path):
    scene = Scene.load(written(tmp_path, GOOD))
    optical, terrain, lidar = scene.modalities
    assert (scene.name, scene.simulated) == ('valley', True)
    assert scene.grid.crs.to_epsg() == 32617
    assert scene.grid.bounds == (500_000.0, 3_999_000.0, 501_000.0, 4_000_000.0)
    assert optical.sources[0].files == (tmp_path / 'o.tif',)
    assert optical.sources[0].layers == ('optical_red', None, 'optical_nir')
    assert optical.sources[0].options['nodata'] == 0.001  # YAML itself reads 1e-3 as a text
    assert optical.sources[0].stated_layers == ('optical_red', 'optical_nir')
    assert optical.factor == 1
    assert terrain.derived_from(['terrain_elevation']) == ('terrain_slope', 'terrain_hillshade')
    assert terrain.factor is None
    ground = ['lidar_ground', 'lidar_surface']
    assert lidar.kept_of(ground) == ('lidar_ground', 'lidar_canopy_height')
    assert scene.landslides.mapped_area == tmp_path / 'a.gpkg'


def test_little_needs_to_be_said(tmp_path):
    scene = Scene.load(
        written(
            tmp_path, 'modalities: {optical: {sources: [{file: o.tif, layers: [optical_red]}]}}'
        )
    )
    assert scene.name == 'SCENE'
    assert not scene.simulated
    assert scene.grid.crs is None
    assert scene.landslides is None


def test_terrain_layers_that_come_as_files_are_not_derived(tmp_path):
    scene = Scene.load(
        written(
            tmp_path,
            """
            modalities:
              terrain:
                sources: [{file: a.tif, layers: [terrain_elevation, terrain_slope]}]
            """,
        )
    )
    held = ['terrain_elevation', 'terrain_slope']
    assert scene.modalities[0].derived_from(held) == ('terrain_hillshade',)


def test_every_mistake_is_said_at_once_with_its_place(tmp_path):
    text = problems_of(
        tmp_path,
        """
        nam: valley
        simulated: perhaps
        grid: {crs: EPSG:4326, pixel: -3, bounds: [1, 2, 0, 3], rows: 7}
        modalities:
          optical:
            sources:
              - {file: o.tif, layers: optical_red, units: m}
              - {layers: [optical_red]}
            factor: 3
          Radar: {sources: []}
          insar: [1]
        landslides: {layer: x}
        """,
    )
    for part in (
        "key 'nam' is unknown; did you mean name?",
        "simulated: got 'perhaps', expected true or false",
        'grid: crs: WGS 84 is not projected',
        'grid: pixel: got -3, expected a pixel side > 0',
        'grid: bounds: got [1, 2, 0, 3], expected [west, south, east, north]',
        "grid: key 'rows' is unknown",
        "modalities.optical.sources[0]: key 'units' is unknown; did you mean unit?",
        "modalities.optical.sources[0]: layers: got 'optical_red', expected a list",
        'modalities.optical.sources[1]: file is missing',
        'modalities.optical: factor: got 3, expected one of 1, 2, 4',
        "modality 'Radar'",
        'modalities.insar: expected a mapping with sources, derive, factor, keep; got [1]',
        'landslides: expected either file (polygons) or raster (a mask)',
    ):
        assert part in text


@pytest.mark.parametrize(
    ('modality', 'expected'),
    [
        ('{sources: [{file: a, layers: [terrain_hillshade]}]}', 'terrain_hillshade is derived'),
        ('{sources: [{file: a, layers: [my_shade], unit: "1", kind: lit}]}', 'never read'),
        ('{sources: [{file: a, layers: [x_y], unit: m, kind: round}]}', "kind: got 'round'"),
        ('{sources: [{file: a, layers: [Terrain]}]}', "layers: got ['Terrain']"),
        ('{sources: [{file: a, layers: []}]}', 'layers: got []'),
        (
            '{sources: [{file: a, layers: [terrain_elevation]}, '
            '{file: b, layers: [terrain_elevation]}]}',
            "'terrain_elevation' comes from more than one place",
        ),
        (
            '{sources: [{file: a, layers: [lidar_ground]}], derive: [lidar_canopy_height]}',
            'lidar_canopy_height needs lidar_surface, which no source holds',
        ),
        (
            '{sources: [{file: a, layers: [lidar_ground]}], derive: [lidar_slop]}',
            "'lidar_slop' cannot be derived; did you mean lidar_slope",
        ),
        (
            '{sources: [{file: a, layers: [lidar_ground]}], keep: [lidar_grond]}',
            "no layer 'lidar_grond'; did you mean lidar_ground",
        ),
        ('{sources: [{file: a, layers: [lidar_ground]}], keep: []}', 'no layer is left'),
        ('{sources: []}', 'sources is empty'),
        ('{}', 'sources is missing'),
    ],
)
def test_a_modality_that_cannot_be_is_refused(tmp_path, modality, expected):
    text = problems_of(tmp_path, f'modalities: {{m: {modality}}}')
    assert 'modalities.m' in text
    assert expected in text


def test_a_key_that_stands_twice_is_refused(tmp_path):
    text = problems_of(tmp_path, 'name: a\nname: b\nmodalities: {}')
    assert "key 'name' stands twice" in text


@pytest.mark.parametrize('text', ['', '[]', '{', 'a: : b', '? [1, 2]\n: 3', '\x00'])
def test_what_is_no_description_is_refused(tmp_path, text):
    assert 'SCENE.yaml' in problems_of(tmp_path, text)


def test_a_description_runs_no_code(tmp_path):
    text = problems_of(tmp_path, 'name: !!python/object/apply:os.system ["true"]')
    assert 'not readable as YAML' in text


def test_a_missing_description_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'SCENE\.yaml'):
        Scene.load(tmp_path / 'SCENE.yaml')


def test_files_lie_in_the_folder_that_the_scene_names(tmp_path, monkeypatch):
    monkeypatch.setenv('PRODUCTS_HERE', str(tmp_path / 'products'))
    text = 'modalities: {optical: {sources: [{file: o.tif, layers: [optical_red]}]}}'
    for said, expected in (
        ('${PRODUCTS_HERE}/a', tmp_path / 'products' / 'a' / 'o.tif'),
        ('b', tmp_path / 'b' / 'o.tif'),
    ):
        scene = Scene.load(written(tmp_path, f'folder: {said}\n{text}'))
        assert scene.modalities[0].sources[0].files == (expected,)


def test_an_environment_variable_that_is_not_set_is_told(tmp_path):
    text = 'modalities: {optical: {sources: [{file: o.tif, layers: [optical_red]}]}}'
    told = problems_of(tmp_path, 'folder: $NOT_SET_AT_ALL/a\n' + text)
    assert "folder: '$NOT_SET_AT_ALL/a' names an environment variable that is not set" in told
