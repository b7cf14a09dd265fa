import numpy as np

from fusionls.simulation.paths import least_cost_path


def test_path_takes_the_gap_in_a_wall_and_touches_both_edges():
    cost = np.ones((12, 12))
    cost[:, 6] = 1e6
    cost[9, 6] = 1.0
    path = least_cost_path(cost, [(2, 0)], (2, 11), 4, (48, 48))
    crossing = path[(path[:, 1] >= 24) & (path[:, 1] < 28), 0]
    assert np.all(np.abs(crossing - 37.5) < 8)  # two coarse cells
    assert path[0, 1] == 0
    assert path[-1, 1] == 47


def test_path_is_connected():
    cost = np.exp(np.random.default_rng(0).standard_normal((15, 15)))
    path = least_cost_path(cost, [(0, 3)], (14, 12), 5, (75, 75))
    assert np.abs(np.diff(path, axis=0)).max() == 1


def test_path_begins_at_the_cheapest_start():
    cost = np.ones((10, 10))
    cost[5:, :] = 50.0
    path = least_cost_path(cost, [(9, 9), (0, 9)], (0, 0), 4, (40, 40))
    assert path[0].tolist() == [0, 39]
