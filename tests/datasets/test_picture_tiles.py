"""Tiles of pictures: bands by number, sizes from the headers, masks whatever they declare."""

import numpy as np
import pytest

from fusionls.datasets.loose_tiles import Finding, TileModality
from fusionls.datasets.picture_tiles import Picture, joined, picture_shape, picture_tile
from fusionls.errors import BandCountError, InputError
from fusionls.testing.layouts import write_picture

MODALITIES = {'optical': TileModality(('a', 'b')), 'terrain': TileModality(('c',))}


def test_bands_come_in_the_order_of_the_layers(tmp_path):
    picture = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    path = write_picture(tmp_path / 'a.png', picture)
    tile = picture_tile('t', {'optical': Picture(path, (3, 1))}, None, modalities=MODALITIES)
    assert tile.shape == (4, 5)
    assert tile.shown == {'optical'}
    np.testing.assert_array_equal(tile.load(['optical'])['optical'][0], picture[[2, 0]])
    assert (tile.load_labels() == 0).all()  # published without a mask: free of landslides


def test_the_background_of_a_mask_is_data_though_declared_as_nodata(tmp_path):
    mask = np.eye(4, dtype=np.uint8)
    path = write_picture(tmp_path / 'm.tif', mask, nodata=0)
    image = write_picture(tmp_path / 'a.tif', np.ones((1, 4, 4), np.uint8))
    tile = picture_tile('t', {'terrain': Picture(image, (1,))}, path, modalities=MODALITIES)
    np.testing.assert_array_equal(tile.load_labels(), mask)


def test_headers_tell_what_does_not_fit(tmp_path):
    small = write_picture(tmp_path / 'a.png', np.ones((1, 4, 4), np.uint8))
    large = write_picture(tmp_path / 'b.png', np.ones((1, 4, 6), np.uint8))
    with pytest.raises(InputError, match=r'differ: .*a\.png 4 x 4, .*b\.png 4 x 6'):
        picture_tile('t', {'terrain': Picture(small, (1,))}, large, modalities=MODALITIES)
    with pytest.raises(BandCountError, match=r'a\.png: has 1 bands; expected 3 at least'):
        picture_shape(small, (1, 3))


def test_findings_are_joined_with_all_they_noted():
    one, other = Finding([], ['p'], ['d']), Finding([], ['q'])
    together = joined([one, other])
    assert (together.problems, together.doubts) == (['p', 'q'], ['d'])
