import pytest

from fusionls.simulation import make_valley, write_valley


@pytest.fixture(scope='session')
def valley():
    return make_valley(3, 384)


@pytest.fixture(scope='session')
def written(valley, tmp_path_factory):
    return write_valley(valley, tmp_path_factory.mktemp('valley'))
