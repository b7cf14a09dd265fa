"""A batch is two lists, so that samples may differ in what they have."""

from fusionls.datasets import sample_list
from fusionls.registry import FUNCTIONS


def test_samples_keep_their_own_modalities():
    samples = [
        {'inputs': {'optical': 1}, 'data_samples': 'a'},
        {'inputs': {'insar': 2}, 'data_samples': 'b'},
    ]
    assert sample_list(samples) == {
        'inputs': [{'optical': 1}, {'insar': 2}],
        'data_samples': ['a', 'b'],
    }


def test_it_can_be_named_in_a_config():
    assert FUNCTIONS.get('sample_list') is sample_list
