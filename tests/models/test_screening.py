"""Tiles of a batch: cut row by row, judged only where they show anything."""

import numpy as np
import torch

from fusionls.models.screening import cut_inputs, cut_tiles, tile_logits, tile_probability


class Mean:
    """A classifier whose log-odds are the mean of the first modality; counts what it was shown."""

    def __init__(self):
        self.shown = 0

    def __call__(self, inputs, mode):
        values, _ = next(iter(inputs.values()))
        self.shown += len(values)
        mean = values.mean((1, 2, 3))
        return torch.stack([torch.zeros_like(mean), mean], 1)


def test_tiles_come_row_by_row_and_are_filled_up_to_the_right_and_below():
    image = torch.arange(5.0 * 7).reshape(5, 7)
    tiles = cut_tiles(image, 4, outside=-1)
    assert tiles.shape == (4, 4, 4)
    whole = np.full((8, 8), -1.0)
    whole[:5, :7] = image
    expected = [whole[r : r + 4, c : c + 4] for r in (0, 4) for c in (0, 4)]
    np.testing.assert_array_equal(tiles, np.stack(expected))


def test_a_batch_is_cut_as_its_samples_are():
    batch = torch.randn(3, 2, 8, 16)
    cut = cut_tiles(batch, 8)
    for i, sample in enumerate(batch):
        assert torch.equal(cut[:, i], cut_tiles(sample, 8))


def test_masks_stay_masks_and_coarse_modalities_are_cut_to_the_same_ground():
    inputs = {
        'optical': (torch.randn(3, 40, 64), torch.ones(1, 40, 64, dtype=torch.bool)),
        'insar': (torch.randn(1, 10, 16), torch.ones(1, 10, 16, dtype=torch.bool)),
    }
    cut = cut_inputs(inputs, 32, {'optical': 1, 'insar': 4})
    assert cut['optical'][0].shape == (4, 3, 32, 32)
    assert cut['insar'][0].shape == (4, 1, 8, 8)
    for _, valid in cut.values():
        assert valid.dtype == torch.bool
        assert valid.flatten(1).float().mean(1).tolist() == [1, 1, 0.25, 0.25]


def test_tiles_that_show_nothing_are_no_landslide_and_cost_nothing():
    values = torch.full((3, 1, 4, 4), 2.0)
    valid = torch.ones(3, 1, 4, 4, dtype=torch.bool)
    valid[1] = False
    judge = Mean()
    found = tile_probability(judge, {'optical': (values, valid)})
    torch.testing.assert_close(found, torch.tensor([1.0, 0.0, 1.0]) * torch.tensor(2.0).sigmoid())
    assert judge.shown == 2
    logits, seen = tile_logits(judge, {'optical': (values, valid & False)})
    assert logits.shape == (0, 2)
    assert not seen.any()
