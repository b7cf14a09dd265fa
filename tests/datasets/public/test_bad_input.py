"""Damaged, missing and misfit files of the public sets: all named at once, nothing run."""

import json
import pickle
import shutil
import warnings

import numpy as np
import pytest

from fusionls.datasets import (
    BijieDataset,
    CasLandslideDataset,
    CocoFolderDataset,
    GeoTiffFolderDataset,
    HrGlddDataset,
    Landslide4SenseDataset,
    MarsMmlsDataset,
    PictureFolderDataset,
    Sen12LandslidesDataset,
)
from fusionls.errors import DataSetError, SplitError
from fusionls.testing.layouts import LAYOUTS, write_hdf5, write_picture, write_series

RGB = {'optical': {'optical_red': 1, 'optical_green': 2, 'optical_blue': 3}}
OPTIONS = {
    'bijie': (BijieDataset, {'layers': {'terrain': ['terrain_elevation_scaled']}}),
    'cas_landslide': (CasLandslideDataset, {'layers': {'optical': ['optical_red']}}),
    'coco_folder': (CocoFolderDataset, {'layers': {'optical': ['optical_red']}, 'bands': RGB}),
    'geotiff_folder': (
        GeoTiffFolderDataset,
        {'layers': {'optical': ['optical_red']}, 'bands': RGB},
    ),
    'hr_gldd': (HrGlddDataset, {'layers': {'optical': ['optical_red_scaled']}}),
    'landslide4sense': (Landslide4SenseDataset, {'layers': {'terrain': ['terrain_slope_scaled']}}),
    'landslide4sense_rgb': (
        PictureFolderDataset,
        {
            'layers': {'optical': ['optical_red']},
            'bands': RGB,
            'codes': {0: 0, 255: 1},
            'prefixes': ('image_', 'mask_'),
        },
    ),
    'mars_mmls': (MarsMmlsDataset, {'layers': {'thermal': ['thermal_inertia_scaled']}}),
    'sen12landslides': (Sen12LandslidesDataset, {'layers': {'terrain': ['terrain_elevation']}}),
}


@pytest.fixture
def written(tmp_path):
    """Writes a layout and gives its folder."""

    def write(name):
        LAYOUTS[name](tmp_path / name)
        return tmp_path / name

    return write


def opened(name, root, **options):
    kind, own = OPTIONS[name]
    return kind(root=root, **{**own, **options})


def refusal(name, root, kind=DataSetError, **options):
    with pytest.raises(kind) as caught:
        opened(name, root, **options)
    return str(caught.value)


def cut_short(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize('name', sorted(OPTIONS))
def test_an_empty_folder_is_told_by_name(name, tmp_path):
    text = refusal(name, tmp_path)
    assert str(tmp_path) in text
    assert 'docs/datasets.md' in text


def test_five_faults_of_hdf5_files_come_together(written):
    root = written('landslide4sense')
    train = root / 'TrainData'
    cut_short(train / 'img/image_1.h5')
    (train / 'mask/mask_2.h5').unlink()
    write_hdf5(train / 'mask/mask_3.h5', {'mask': np.zeros((128, 64), np.uint8)})
    write_hdf5(train / 'img/image_4.h5', {'image': np.zeros((128, 128, 14))})
    odd = np.zeros((128, 128), np.uint8)
    odd[5, :64] = 255
    write_hdf5(root / 'ValidData/mask/mask_1.h5', {'mask': odd})
    text = refusal('landslide4sense', root)
    assert '5 problems' in text
    assert 'image_1.h5: cannot be read as HDF5' in text
    assert 'image_2.h5: no mask for this image' in text
    assert 'image_3.h5 128 x 128' in text
    assert 'mask_3.h5 128 x 64' in text
    assert "image_4.h5: has no data set 'img'; it holds image" in text
    assert 'ValidData/mask/mask_1.h5: 0.4% of its pixels hold 255; expected 0 and 1' in text


def test_an_image_of_other_bands_is_refused(written):
    root = written('landslide4sense')
    write_hdf5(root / 'TrainData/img/image_1.h5', {'img': np.zeros((128, 128, 13))})
    text = refusal('landslide4sense', root)
    assert 'image_1.h5: img is (128, 128, 13); expected (128, 128, 14)' in text


def test_a_mask_that_is_cut_short_behind_its_header_is_found_before_training(written):
    root = written('landslide4sense')
    path = root / 'TrainData/mask/mask_1.h5'
    cut_short(path, 0.7)
    assert 'mask_1.h5: cannot be read as HDF5' in refusal('landslide4sense', root)


class Trap:
    """What a pickle may do; here it only says that it ran."""

    def __reduce__(self):
        return (exec, ('raise SystemExit("code of the file was run")',))


@pytest.mark.parametrize('entry', [{'a': 1}, Trap()])
def test_arrays_of_objects_are_refused_and_nothing_in_them_runs(written, entry):
    root = written('hr_gldd')
    trap = np.empty(3, object)
    trap[:] = [entry] * 3
    np.save(root / 'trainX.npy', trap, allow_pickle=True)
    with pytest.raises(SystemExit) if isinstance(entry, Trap) else warnings.catch_warnings():
        np.load(root / 'trainX.npy', allow_pickle=True)  # it would
    (root / 'valY.npy').write_bytes(pickle.dumps(entry))
    text = refusal('hr_gldd', root)
    assert 'trainX.npy: holds Python objects' in text
    assert 'refused' in text
    assert 'valY.npy: ' in text


def test_arrays_that_are_cut_short_missing_or_misfit_come_together(written):
    root = written('hr_gldd')
    cut_short(root / 'trainX.npy')
    (root / 'valY.npy').unlink()
    np.save(root / 'testY.npy', np.zeros((3, 128, 128)))
    text = refusal('hr_gldd', root)
    assert 'trainX.npy: cannot be read as an array' in text
    assert 'valY.npy: no such file' in text
    assert 'testY.npy is (3, 128, 128); expected (N, 128, 128, 4) and (N, 128, 128, 1)' in text


@pytest.mark.parametrize('value', [255, 2])
def test_labels_outside_of_the_classes_are_refused_with_the_entry(written, value):
    root = written('hr_gldd')
    masks = np.load(root / 'trainY.npy')
    masks[2, 0, 0] = value
    np.save(root / 'trainY.npy', masks)
    assert f'trainY.npy [2]: 0.0% of its pixels hold {value};' in refusal('hr_gldd', root)
    data = opened('hr_gldd', root, codes={0: 0, 1: 1, value: 255})
    assert data.scenes[2][0].load_labels()[0, 0] == 255


def test_faults_of_pictures_come_together(written):
    root = written('bijie')
    base = root / 'Bijie-landslide-dataset/landslide'
    names = sorted(path.stem for path in (base / 'image').glob('*.png'))
    write_picture(base / f'mask/{names[0]}.png', np.full((64, 72), 7, np.uint8))
    (base / f'mask/{names[1]}.png').unlink()
    write_picture(base / f'dem/{names[2]}.png', np.zeros((9, 9), np.uint8))
    (base / f'polygon_coordinate/{names[3]}.txt').write_text('head\n2\n1 2\n900 4\n')
    other = sorted((root / 'Bijie-landslide-dataset/non-landslide/dem').glob('*.png'))[0]
    other.unlink()
    text = refusal('bijie', root)
    assert f'{names[1]}.png: no mask for this image' in text
    assert 'sizes of one tile differ' in text
    assert f'dem/{names[2]}.png 9 x 9' in text
    assert f'{names[3]}.txt: has 2 corners; a boundary has three at least' in text
    assert f'{other}: no such file' in text
    assert f'{names[0]}.png: ' in text
    assert 'hold 7' in text


def test_a_picture_that_is_cut_short_is_refused(written):
    root = written('bijie')
    mask = sorted(root.rglob('mask/*.png'))[0]
    cut_short(mask, 0.3)
    assert str(mask) in refusal('bijie', root)


def test_faults_of_cas_sub_sets_come_together(written):
    root = written('cas_landslide')
    shutil.copytree(root / 'palu', root / 'plau')
    (root / 'palu/mask/Palu0000.tif').unlink()
    write_picture(root / 'Moxitaidi (UAV-0.6m)/img/mx0001.tif', np.zeros((3, 64, 64), np.uint8))
    write_picture(root / 'Moxitaidi (UAV-0.6m)/mask/mx0001_mask.tif', np.zeros((64, 64), np.uint8))
    text = refusal('cas_landslide', root)
    assert 'plau: is none of the sub-sets; did you mean palu?' in text
    assert 'Palu0000.tif: no mask for this image' in text
    assert 'mx0001.tif: is (64, 64); expected 512 x 512' in text


def test_faults_of_paged_tiffs_come_together(written):
    root = written('mars_mmls')
    images, masks = (root / f'train_partition/{kind}' for kind in ('images', 'masks'))
    (images / 'Image_patch_0_7.tif').write_bytes(b'no tiff')
    write_picture(images / 'Image_patch_1_7.tif', np.zeros((6, 128, 128), np.float32))
    write_picture(masks / 'Mask_patch_2_7.tif', np.zeros((64, 128), np.float32))
    write_picture(masks / 'Mask_patch_3_7.tif', np.full((128, 128), 0.5, np.float32))
    text = refusal('mars_mmls', root)
    assert 'Image_patch_0_7.tif: cannot be read as TIFF' in text
    assert 'Image_patch_1_7.tif: is (128, 128, 6); expected (128, 128, 7)' in text
    assert 'Image_patch_2_7.tif 128 x 128' in text
    assert 'Mask_patch_3_7.tif: 100.0% of its pixels hold 0.5' in text


def test_pages_that_are_cut_short_are_told_when_they_are_read(written):
    root = written('mars_mmls')
    data = opened('mars_mmls', root)
    cut_short(root / 'train_partition/images/Image_patch_0_7.tif', 0.6)
    tile = next(scene for scene, _ in data.scenes if scene.name == 'train/Image_patch_0_7')
    with pytest.raises(OSError, match=r'Image_patch_0_7\.tif: cannot be read as TIFF'):
        tile.load(['thermal'])


def test_faults_of_series_come_together(written):
    root = written('sen12landslides')
    cut_short(root / 's2/italy_s2_0.nc')
    (root / 's2/nepal_s2_1.nc').rename(root / 's2/nepal.nc')
    write_series(root / 's1asc/italy_s1asc_2.nc', 's2', seed=2)
    write_series(root / 's1asc/nepal_s1asc_3.nc', 's1asc', seed=9)
    write_series(root / 's1dsc/nepal_s1dsc_1.nc', 's1dsc', seed=1, event='before and after')
    text = refusal('sen12landslides', root)
    assert 'italy_s2_0.nc: cannot be read as HDF5' in text
    assert 'nepal.nc: its name is not <region>_s2_<number>.nc' in text
    assert "italy_s1asc_2.nc: has no data set 'VV'" in text
    assert 'nepal_s1asc_3.nc: do not lie where' in text
    assert "nepal_s1dsc_1.nc: pre_post_dates is 'before and after'" in text


def test_faults_of_geotiffs_and_polygons_come_together(written):
    root = written('geotiff_folder')
    (root / 'polygons/site0.gpkg').unlink()
    (root / 'polygons/site1.gpkg').write_bytes(b'no polygons')
    write_picture(root / 'images/site2.tif', np.zeros((3, 8, 8), np.uint8))
    text = refusal('geotiff_folder', root)
    assert 'site0.tif: no polygons/site0 nor polygons' in text
    assert 'site1.gpkg: cannot be read as polygons' in text
    assert 'site2.tif: has no CRS' in text


def test_faults_of_annotations_come_together(written):
    root = written('coco_folder')
    path = root / 'annotations.json'
    document = json.loads(path.read_text())
    document['annotations'][0]['image_id'] = 77
    document['annotations'][1]['category_id'] = 9
    document['annotations'][2]['segmentation'] = []
    path.write_text(json.dumps(document))
    text = refusal('coco_folder', root)
    assert 'of image 77, which is not listed' in text
    assert 'of category 9, which is none of [3]' in text
    assert 'has no segmentation; a box says nothing of pixels' in text


def test_pictures_that_do_not_fit_their_annotations_are_refused(written):
    root = written('coco_folder')
    path = root / 'annotations.json'
    document = json.loads(path.read_text())
    document['images'][0]['height'] = 95
    document['images'][1]['file_name'] = 'gone.png'
    document['annotations'][-1]['segmentation'] = {'size': [4, 4], 'counts': [16]}
    path.write_text(json.dumps(document))
    text = refusal('coco_folder', root)
    assert 'tile0.png: is 96 x 96, its annotations are of 95 x 96' in text
    assert 'gone.png: no such file' in text
    assert 'tile3.png: segmentation is (4, 4), the image is (96, 96)' in text
    path.write_text('{"images": [], "annotations": []')
    assert 'annotations.json: is no COCO document' in refusal('coco_folder', root)
    assert "no category ['slide']; it has ['landslide']" in refusal(
        'coco_folder', written('coco_folder'), categories=['slide']
    )


def test_a_mask_with_255_is_refused_where_one_is_a_landslide(written):
    root = written('landslide4sense_rgb')
    text = refusal('landslide4sense_rgb', root, codes={0: 0, 1: 1})
    assert '6 problems' in text
    assert 'mask_0.png' in text
    assert 'hold 255; expected 0 and 1' in text


def test_a_wrong_split_file_and_a_broken_picture_come_together(written, tmp_path):
    root = written('landslide4sense_rgb')
    split = tmp_path / 'split.json'
    split.write_text(json.dumps({'train': ['image_0', 'image_0'], 'validation': ['image_1']}))
    text = refusal('landslide4sense_rgb', root, SplitError, split_file=split, split='train')
    assert "'image_0' stands in it 2 times" in text
    assert "unknown split 'validation'" in text
    (root / 'masks/mask_3.png').unlink()
    text = refusal('landslide4sense_rgb', root, split_file=split, split='train')
    assert 'image_3.png: no mask for this image' in text
    assert "unknown split 'validation'" in text


def test_published_splits_that_cannot_be_read_are_refused(written):
    root = written('sen12landslides')
    (root / 'tasks/S12LS-LD/splits_aligned.json').write_text('{"train": ["italy_0"]}')
    assert 'splits_aligned.json: cannot be read as the published splits' in refusal(
        'sen12landslides', root
    )
