"""What scikit-learn fits is run from arrays: the same numbers, from a checkpoint of numbers."""

import numpy as np
import pytest
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from fusionls.errors import ExtraMissingError, InputError
from fusionls.models.checkpoints import read_checkpoint
from fusionls.models.heads import pixel_head
from fusionls.models.heads.forest_head import ForestHead
from fusionls.models.heads.kernel_svm_head import KernelSvmHead
from fusionls.models.heads.perceptron_head import PerceptronHead

FEATURES = 4
HEADS = {
    'forest': lambda: ForestHead(trees=12, leaves=32, in_channels=FEATURES),
    'svm': lambda: KernelSvmHead(landmarks=40, in_channels=FEATURES),
    'perceptron': lambda: PerceptronHead(widths=[32, 16], passes=60, in_channels=FEATURES),
}
every_head = pytest.mark.parametrize('make', HEADS.values(), ids=HEADS)


def pixels(count=600, seed=0):
    """Pixels on a coarse grid of values, so that many lie exactly on a threshold."""
    rng = np.random.default_rng(seed)
    features = (rng.integers(-8, 9, (count, FEATURES)) / 8).astype(np.float32)
    inside = np.hypot(features[:, 0], features[:, 1]) < 0.6  # no straight line parts them
    return features, (inside ^ (rng.random(count) < 0.05)).astype(np.uint8)


def test_a_forest_of_arrays_is_the_forest_of_scikit_learn_bit_for_bit():
    features, labels = pixels()
    forest = RandomForestClassifier(20, max_leaf_nodes=32, random_state=0).fit(features, labels)
    head = ForestHead(trees=20, leaves=32, in_channels=FEATURES)
    head.take(forest)
    rng = np.random.default_rng(1)
    thresholds = np.concatenate([tree.tree_.threshold for tree in forest.estimators_])
    near = rng.choice(thresholds, (500, FEATURES)).astype(np.float32)
    beside = np.nextafter(near, np.float32(np.inf))
    for shown in (features, pixels(seed=2)[0], near, beside):
        found = head.probability(torch.from_numpy(shown)).numpy()
        np.testing.assert_array_equal(found, forest.predict_proba(shown)[:, 1])


def test_a_forest_that_is_taken_twice_keeps_nothing_of_the_first():
    features, labels = pixels()
    large = RandomForestClassifier(3, max_leaf_nodes=32, random_state=0).fit(features, labels)
    small = RandomForestClassifier(3, max_leaf_nodes=4, random_state=0).fit(features, labels)
    head = ForestHead(trees=3, leaves=32, in_channels=FEATURES)
    head.take(large)
    head.take(small)
    found = head.probability(torch.from_numpy(features)).numpy()
    np.testing.assert_array_equal(found, small.predict_proba(features)[:, 1])


def test_a_kernel_machine_of_arrays_is_that_of_scikit_learn():
    features, labels = pixels()
    nystroem = Nystroem(gamma=0.25, n_components=40, random_state=0)
    mapped = nystroem.fit_transform(features.astype(np.float64))
    machine = LinearSVC(dual=False).fit(mapped, labels)
    decision = machine.decision_function(mapped)[:, None]
    sigmoid = LogisticRegression().fit(decision, labels)
    head = HEADS['svm']()
    head.take(nystroem, machine, sigmoid)
    found = head.log_odds(torch.from_numpy(features)).sigmoid().numpy()
    np.testing.assert_allclose(found, sigmoid.predict_proba(decision)[:, 1], atol=1e-6)


def test_the_sigmoid_of_the_kernel_machine_is_as_sure_as_scikit_learns():
    features, labels = pixels(2000)
    head = KernelSvmHead(landmarks=40, in_channels=FEATURES)
    head.fit(features, labels, seed=0)
    mapped = Nystroem(gamma=1 / FEATURES, n_components=40, random_state=0).fit_transform(features)
    # Platt's smoothed targets, folds of its own, the mean of three machines: close, not equal
    other = CalibratedClassifierCV(LinearSVC(dual=False), cv=3).fit(mapped, labels)
    found = head.log_odds(torch.from_numpy(features)).sigmoid().numpy()
    assert np.abs(found - other.predict_proba(mapped)[:, 1]).mean() < 0.02


@pytest.mark.filterwarnings('ignore:Stochastic Optimizer')
def test_a_perceptron_of_arrays_is_that_of_scikit_learn():
    features, labels = pixels()
    network = MLPClassifier((32, 16), max_iter=60, random_state=0).fit(features, labels)
    head = HEADS['perceptron']()
    head.take(network)
    found = head.log_odds(torch.from_numpy(features)).sigmoid().detach().numpy()
    np.testing.assert_allclose(found, network.predict_proba(features)[:, 1], atol=1e-6)


@every_head
def test_a_fit_finds_what_no_straight_line_parts_and_is_the_same_again(make):
    features, labels = pixels(3000)
    heads = [make(), make()]
    odds = []
    for head in heads:
        assert not head.log_odds(torch.from_numpy(features)).any()  # one half before the fit
        head.fit_checked(features, labels, seed=3)
        odds.append(head.log_odds(torch.from_numpy(features)))
    assert torch.equal(*odds)
    right = (odds[0] > 0).numpy() == labels
    assert right.mean() > 0.9
    assert np.logical_or(labels, False).mean() < 0.7  # the guess of one class is worse


@every_head
def test_a_map_is_its_pixels_one_by_one_whatever_is_done_at_once(make, monkeypatch):
    head = make()
    head.fit(*pixels(), seed=0)
    features = torch.from_numpy(pixels(2 * 5 * 7, seed=5)[0])
    levels = (features.reshape(2, 5, 7, FEATURES).permute(0, 3, 1, 2),)
    expected = head.log_odds(features).reshape(2, 5, 7)
    monkeypatch.setattr(pixel_head, 'PIXELS_AT_ONCE', 16)
    logits = head.predict(levels, [], None)
    assert not logits[:, 0].any()
    torch.testing.assert_close(logits[:, 1], expected.float(), rtol=1e-5, atol=1e-5)


@every_head
def test_a_fitted_head_survives_a_checkpoint_that_runs_no_code(make, tmp_path):
    head, other = make(), make()
    features, labels = pixels()
    head.fit(features, labels, seed=0)
    torch.save({'state_dict': head.state_dict()}, tmp_path / 'head.pth')
    other.load_state_dict(read_checkpoint(tmp_path / 'head.pth')['state_dict'])
    shown = torch.from_numpy(features)
    assert torch.equal(head.log_odds(shown), other.log_odds(shown))


@every_head
@pytest.mark.parametrize('label', [0, 1])
def test_pixels_of_one_class_are_refused(make, label):
    features, _ = pixels(20)
    with pytest.raises(InputError, match=r'of the 20 pixels drawn are landslide; expected both'):
        make().fit_checked(features, np.full(20, label, np.uint8), seed=0)


def test_fewer_pixels_than_landmarks_are_all_landmarks():
    features, labels = pixels(30)
    head = KernelSvmHead(landmarks=40, in_channels=FEATURES)
    head.fit(features, labels, seed=0)
    assert (head.weights != 0).sum() == 30


@every_head
def test_without_scikit_learn_a_fit_says_what_to_install(make, monkeypatch):
    def gone(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(pixel_head.importlib, 'import_module', gone)
    with pytest.raises(ExtraMissingError, match='pip install scikit-learn'):
        make().fit(*pixels(), seed=0)
    assert make().log_odds(torch.zeros(3, FEATURES)).tolist() == [0, 0, 0]


@pytest.mark.parametrize('options', [{'trees': 0}, {'leaves': 1}])
def test_what_is_no_forest_is_refused(options):
    with pytest.raises(InputError, match='use 1 and 2 or more'):
        ForestHead(in_channels=2, **options)
