"""A download is counted, read whole and compared with what was published."""

import hashlib
import json

import numpy as np
import pytest

from fusionls.datasets.public import PUBLISHED
from fusionls.datasets.public.download import check_download, published_checksums
from fusionls.errors import FileMissingError, InputError
from fusionls.testing.layouts import write_hdf5, write_hr_gldd, write_landslide4sense


def looked_through(name, root, **options):
    card, find = PUBLISHED[name]
    return check_download(card, find(root), root, **options)


def test_numbers_are_those_of_the_files(tmp_path):
    write_landslide4sense(tmp_path)
    steps = []
    report = looked_through('landslide4sense', tmp_path, advance=lambda *at: steps.append(at))
    assert (report.tiles, report.labelled, report.with_landslide) == (8, 8, 8)
    assert report.counts == {'train/': 4, 'val/': 2, 'test/': 2}
    assert dict(report.sizes) == {(128, 128): 8}
    tiles = PUBLISHED['landslide4sense'][1](tmp_path).tiles
    assert report.landslide == np.mean([tile.load_labels() for tile in tiles])
    assert report.invalid == {'optical': 0, 'terrain': 0}
    assert steps[-1] == (8, 8)
    assert report.problems == [
        'train/: 4 tiles; 3799 were published',
        'val/: 2 tiles; 245 were published',
        'test/: 2 tiles; 800 were published',
    ]


def test_images_that_cannot_be_read_whole_are_found_though_their_header_is_sound(tmp_path):
    write_landslide4sense(tmp_path)
    path = tmp_path / 'TrainData/img/image_2.h5'
    image = np.zeros((128, 128, 14))
    image[3, 4, 5] = np.nan
    write_hdf5(path, {'img': image})
    report = looked_through('landslide4sense', tmp_path)
    assert report.invalid['optical'] == pytest.approx(1 / (8 * 128**2))
    assert report.invalid['terrain'] == 0
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    report = looked_through('landslide4sense', tmp_path)
    assert any('image_2.h5: cannot be read as HDF5' in problem for problem in report.problems)
    assert report.tiles == 7


def zenodo(root, **changed):
    """The record of Zenodo, as its interface gives it, of the files of a folder."""
    files = [
        {'key': p.name, 'size': p.stat().st_size, 'checksum': f'md5:{digest(p, "md5")}'}
        for p in sorted(root.glob('*.npy'))
    ]
    return {'id': 7189381, 'files': [{**f, **changed.get(f['key'], {})} for f in files]}


def digest(path, algorithm):
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()


def test_checksums_of_a_zenodo_record_are_compared(tmp_path):
    write_hr_gldd(tmp_path / 'set', count=1)
    record = tmp_path / 'record.json'
    record.write_text(json.dumps(zenodo(tmp_path / 'set')))
    report = looked_through('hr_gldd', tmp_path / 'set', checksums=record)
    assert report.problems == []
    assert report.checksums == 6
    wrong = zenodo(tmp_path / 'set', **{'valX.npy': {'checksum': 'md5:' + '0' * 32}})
    wrong['files'].append({'key': 'more.npy', 'checksum': 'md5:' + '1' * 32})
    record.write_text(json.dumps(wrong))
    report = looked_through('hr_gldd', tmp_path / 'set', checksums=record)
    assert report.checksums == 5
    assert len(report.problems) == 2
    assert 'valX.npy: its md5 is' in report.problems[0]
    assert 'more.npy: is not below' in report.problems[1]


@pytest.mark.parametrize('algorithm', ['md5', 'sha1', 'sha256'])
def test_lines_of_the_usual_programs_are_read(tmp_path, algorithm):
    write_hr_gldd(tmp_path / 'set', count=1)
    lines = [f'{digest(p, algorithm)}  ./set/{p.name}' for p in (tmp_path / 'set').glob('*.npy')]
    sums = tmp_path / 'sums.txt'
    sums.write_text('\n'.join(lines) + '\n')
    report = looked_through('hr_gldd', tmp_path / 'set', checksums=sums)
    assert (report.checksums, report.problems) == (6, [])


@pytest.mark.parametrize('text', ['no sums', '{"files": 3}', '{"files": [{"key": 1}]}', 'ab  c'])
def test_what_holds_no_checksums_is_refused(tmp_path, text):
    (tmp_path / 'sums').write_text(text)
    with pytest.raises(InputError, match='sums: holds no checksums'):
        published_checksums(tmp_path / 'sums')
    with pytest.raises(FileMissingError):
        published_checksums(tmp_path / 'none')


@pytest.mark.real_data
def test_the_real_patches_of_the_first_release_are_counted(real_data):
    root = real_data / 'mars_mmls_hwc'
    if not root.is_dir():
        pytest.skip('no mars_mmls_hwc among the public data sets')
    report = looked_through('mars_mmls', root)
    assert report.problems == []
    assert report.tiles == report.with_landslide == 9
    assert report.landslide == pytest.approx(0.411, abs=5e-4)
    assert set(report.invalid.values()) == {0}
