"""MMLSv2 as published: its traps on small copies, its numbers on the real tiles."""

import shutil

import numpy as np
import pytest
import rasterio
from affine import Affine

from fusionls.datasets import MarsMmlsV2Dataset
from fusionls.datasets.public import MarsMmlsV2
from fusionls.datasets.public.mars_mmls_v2 import BANDS, CELL
from fusionls.errors import FileMissingError, InputError, LabelError, SplitError
from fusionls.geo.window import Window
from fusionls.stack.layer_stack import LayerStack

PIXEL = 232.0
CRS = (
    'PROJCS["Mars",GEOGCS["Mars",DATUM["Mars",SPHEROID["Mars",3396190,0]],PRIMEM["m",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Equirectangular"],UNIT["metre",1]]'
)
LAYERS = {m: list(bands) for m, bands in BANDS.items()}


def write(path, values, row, col, **profile):
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = Affine(PIXEL, 0, col * PIXEL, 0, -PIXEL, -row * PIXEL)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        dtype=values.dtype,
        count=len(values),
        height=values.shape[1],
        width=values.shape[2],
        crs=CRS,
        transform=transform,
        **profile,
    ) as dataset:
        dataset.write(values)


def tile(root, row, col, at=None, value=0.0, side=CELL, bands=7):
    """An image whose bands are 1 to 7 plus ``value``, and a mask whose upper half is landslide."""
    at = at or (row * CELL, col * CELL)
    name = f'col{col:05d}_row{row:05d}.tif'
    image = np.ones((bands, side, side), np.float32) * np.arange(1, bands + 1)[:, None, None]
    write(root / 'images' / name, image + np.float32(value), *at)
    mask = np.zeros((1, side, side), np.uint8)
    mask[:, : side // 2] = 1
    write(root / 'masks' / name, mask, *at, nodata=0)
    return root / 'images' / name


@pytest.fixture
def root(tmp_path):
    """Three cells of a 2 x 2 grid; the fourth was not published."""
    tile(tmp_path, 0, 0)
    tile(tmp_path, 0, 1, value=10)
    tile(tmp_path, 1, 0, value=20)
    return tmp_path


def test_tiles_mosaic_into_one_scene_with_a_hole(root):
    scene = MarsMmlsV2(root)
    assert scene.grid.shape == (2 * CELL, 2 * CELL)
    labels = scene.read_labels(scene.grid.window)
    assert (labels[CELL:, CELL:] == 255).all()
    assert not (labels[:CELL] == 255).any()
    red, valid = scene.read(scene.grid.window, ['optical'])['optical']
    assert (red[0, :CELL, :CELL] == 5).all()
    assert (red[0, :CELL, CELL:] == 15).all()
    assert (red[0, CELL:, :CELL] == 25).all()
    assert (red[0, CELL:, CELL:] == 0).all()
    assert valid.sum() == 3 * CELL**2


def test_the_background_of_a_mask_is_data_though_declared_as_nodata(root):
    labels = MarsMmlsV2(root).read_labels(Window(0, 0, CELL, CELL))
    assert (labels[: CELL // 2] == 1).all()
    assert (labels[CELL // 2 :] == 0).all()


def test_bands_are_sorted_into_modalities(root):
    scene = MarsMmlsV2(root)
    inputs = scene.read(Window(0, 0, 4, 4))
    first = {m: values[:, 0, 0].tolist() for m, (values, _) in inputs.items()}
    assert first == {'optical': [5, 6, 7, 4], 'terrain': [3, 2], 'thermal': [1]}
    assert scene.modalities['optical'].layers[3] == 'optical_grey'


def test_a_row_of_undeclared_fill_is_invalid_in_its_modality_alone(root):
    path = root / 'images' / 'col00000_row00000.tif'
    with rasterio.open(path, 'r+') as dataset:
        slope = dataset.read(2)
        slope[7] = -3.4e38
        dataset.write(slope, 2)
    inputs = MarsMmlsV2(root).read(Window(0, 0, CELL, CELL))
    values, valid = inputs['terrain']
    assert not valid[7].any()
    assert valid.sum() == CELL * (CELL - 1)
    assert (values[:, 7] == 0).all()  # zero where invalid, in every layer
    assert inputs['optical'][1].all()
    assert inputs['thermal'][1].all()


def test_a_tile_lies_where_its_georeference_says_not_its_name(root):
    # as the last column does: 8 pixels west and 116 north of its name, to end with the scene
    tile(root, 1, 1, at=(CELL - 116, CELL - 8), value=70)
    scene = MarsMmlsV2(root)
    assert scene.grid.shape == (2 * CELL, 2 * CELL)
    thermal, _ = scene.read(Window(CELL - 116, CELL - 8, CELL, CELL), ['thermal'])['thermal']
    assert (thermal[0, 116:, 8:] == 71).all()


def test_windows_hang_over_the_edge(root):
    scene = MarsMmlsV2(root)
    labels = scene.read_labels(Window(-10, -20, 30, 40))
    assert (labels[:10] == 255).all()
    assert (labels[:, :20] == 255).all()
    assert (labels[10:, 20:] == 1).all()


def test_missing_folders_are_named_at_once(tmp_path):
    with pytest.raises(FileMissingError) as caught:
        MarsMmlsV2(tmp_path)
    assert f'{tmp_path / "images"}: no such folder' in str(caught.value)
    assert f'{tmp_path / "masks"}: no such folder' in str(caught.value)


def test_missing_masks_and_odd_names_are_named_at_once(root):
    (root / 'masks' / 'col00000_row00000.tif').unlink()
    (root / 'masks' / 'col00001_row00000.tif').unlink()
    shutil.copy(root / 'images' / 'col00000_row00001.tif', root / 'images' / 'other.tif')
    with pytest.raises(FileMissingError) as caught:
        MarsMmlsV2(root)
    text = str(caught.value)
    assert '3 problems' in text
    assert 'col00000_row00000.tif: no mask for this image' in text
    assert 'col00001_row00000.tif: no mask for this image' in text
    assert 'other.tif: its name is not colCCCCC_rowRRRRR.tif' in text


def test_a_folder_without_tiles_is_refused(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'masks').mkdir()
    with pytest.raises(FileMissingError, match='holds no tile'):
        MarsMmlsV2(tmp_path)


def test_a_tile_of_another_size_is_refused(root):
    tile(root, 1, 1, side=64)
    with pytest.raises(InputError, match=r'col00001_row00001\.tif.*expected 128 x 128 pixels'):
        MarsMmlsV2(root)


def test_a_tile_of_another_band_count_is_refused(root):
    tile(root, 1, 1, bands=6)
    scene = MarsMmlsV2(root)
    with pytest.raises(InputError, match=r'col00001_row00001\.tif: 6 bands; expected 7'):
        scene.read_labels(scene.grid.window)


def test_a_mask_of_other_values_is_refused(root):
    path = root / 'masks' / 'col00000_row00000.tif'
    with rasterio.open(path, 'r+') as dataset:
        dataset.write(np.full((1, CELL, CELL), 2, np.uint8))
    scene = MarsMmlsV2(root)
    with pytest.raises(LabelError, match='expected 128 x 128 of 0 and 1'):
        scene.read_labels(scene.grid.window)


def test_a_split_that_leaves_nothing_to_train_on_is_refused(root):
    data = MarsMmlsV2Dataset(root=root, layers=LAYERS, validation_columns=[(1, 2)], lazy_init=True)
    with pytest.raises(SplitError, match="no ground is left for 'train'"):
        data.full_init()


def test_a_mosaic_is_written_as_a_stack_and_read_back(root, tmp_path):
    scene = MarsMmlsV2(root)
    stack = LayerStack.open(scene.write_stack(tmp_path / 'stack', (0, 2)))
    assert stack.name == 'mars_mmls_v2_columns_0_1'
    window = stack.grid.window
    expected, read = scene.read(window), stack.read(window)
    for modality, (values, valid) in expected.items():
        assert stack.modalities[modality].layers == tuple(BANDS[modality])
        np.testing.assert_array_equal(read[modality][0], values)
        np.testing.assert_array_equal(read[modality][1], valid)
    np.testing.assert_array_equal(stack.read_labels(window), scene.read_labels(window))


def test_a_mosaic_of_no_tile_is_refused(root, tmp_path):
    with pytest.raises(InputError, match='no tile lies in columns 5 to 8'):
        MarsMmlsV2(root).write_stack(tmp_path / 'stack', (5, 9))
    assert not (tmp_path / 'stack').exists()


@pytest.mark.real_data
class TestRealTiles:
    """The numbers that the publication and a count of the files give."""

    @pytest.fixture(scope='class')
    def kept(self):
        """The scene, once it was opened: its tiles are read once for all tests."""
        return {}

    @pytest.fixture
    def mars(self, real_data, kept):
        folder = real_data / 'mars_mmls_v2'
        if not folder.is_dir():
            pytest.skip('no mars_mmls_v2 among the public data sets')
        if not kept:
            kept['scene'] = MarsMmlsV2(folder)
        return kept['scene']

    def test_there_are_465_tiles_of_which_a_third_is_landslide(self, mars):
        assert len(list((mars.root / 'masks').glob('*.tif'))) == 465
        shares = [mars._tile(number)[1].mean() for number in range(465)]
        assert np.mean(shares) == pytest.approx(0.354, abs=5e-4)
        labels = mars.read_labels(mars.grid.window)
        mapped = labels != 255
        # tiles of the last column and row overlap others, so a little less than 465 cells
        assert 460 * CELL**2 < mapped.sum() <= 465 * CELL**2
        assert labels[mapped].mean() == pytest.approx(0.354, abs=0.01)

    def test_one_line_of_slope_in_six_tiles_is_fill_and_nothing_else_is_missing(self, mars):
        window = mars.grid.window
        mapped = mars.read_labels(window) != 255
        inputs = mars.read(window)
        assert np.array_equal(inputs['optical'][1], mapped)
        assert np.array_equal(inputs['thermal'][1], mapped)
        values, valid = inputs['terrain']
        lost = mapped & ~valid
        assert 0 < lost.sum() <= 6 * CELL
        spoilt = [n for n in range(465) if not mars._tile(n)[0]['terrain'][1].all()]
        assert len(spoilt) == 6
        for number in spoilt:
            gone = ~mars._tile(number)[0]['terrain'][1]
            assert gone.sum() == CELL
            assert 1 in (np.count_nonzero(gone.any(0)), np.count_nonzero(gone.any(1)))
        elevation, slope = values[:, valid]
        assert -5900 < elevation.min() < elevation.max() < 7000
        assert 0 <= slope.min() < slope.max() < 63

    def test_training_and_validation_tiles_are_a_buffer_apart(self, mars, monkeypatch):
        # what was read is not read again
        monkeypatch.setattr('fusionls.datasets.public.mars_mmls_v2.MarsMmlsV2', lambda root: mars)
        options = dict(root=mars.root, layers=LAYERS)
        windows = {
            split: [info['window'] for info in MarsMmlsV2Dataset(**options, split=split)]
            for split in ('train', 'val')
        }
        train = {window.col for window in windows['train']}
        validation = {window.col for window in windows['val']}
        assert min(abs(a - b) for a in train for b in validation) >= 2 * CELL
        assert len(windows['val']) > 90
        assert len(windows['train']) > 300

    def test_columns_become_a_stack_with_holes(self, mars, tmp_path):
        stack = LayerStack.open(mars.write_stack(tmp_path / 'stack', (20, 22)))
        inputs = stack.read(stack.grid.window)
        labels = stack.read_labels(stack.grid.window)
        assert 0 < (labels == 255).mean() < 1
        assert np.array_equal(inputs['optical'][1], labels != 255)
        assert stack.grid.pixel == pytest.approx(232, abs=1)
