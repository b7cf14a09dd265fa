import dataclasses

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from fusionls.simulation import make_valley
from fusionls.simulation.landslides import SlideKind


def arrays(valley):
    return {
        field.name: value
        for field in dataclasses.fields(valley)
        if isinstance(value := getattr(valley, field.name), np.ndarray)
    }


def test_same_seed_same_bytes_other_seed_other_valley():
    first, again, other = (make_valley(seed, 128) for seed in (4, 4, 5))
    assert first.landslides == again.landslides
    for name, values in arrays(first).items():
        assert values.tobytes() == arrays(again)[name].tobytes(), name
    for name, values in arrays(first).items():
        assert values.tobytes() != arrays(other)[name].tobytes(), name
    assert first.site != other.site


@pytest.mark.parametrize('seed', [0, 7])
def test_a_valley_holds_as_many_landslides_as_it_should_a_third_of_each(seed):
    valley = make_valley(seed)
    counts = [sum(s.kind is kind for s in valley.landslides) for kind in SlideKind]
    assert 25 <= sum(counts) <= 45
    assert min(counts) >= 0.25 * sum(counts)
    assert 0.04 <= (valley.truth > 0).mean() <= 0.12


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        ((-1, 256, 5.0), 'seed must be >= 0, got -1'),
        ((0, 100, 5.0), 'multiple of 8 pixels and at least 128, got 100'),
        ((0, 260, 5.0), 'multiple of 8 pixels and at least 128, got 260'),
        ((0, 256, 0.5), r'2 to 10 m, got 0\.5'),
        ((0, 8192, 5.0), 'does not fit into the sample terrain'),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(arguments, text):
    with pytest.raises(ValueError, match=text):
        make_valley(*arguments)


def features(valley):
    """What an eye would look at in each product: greenness, roughness, motion."""
    red, nir = valley.optical[0], valley.optical[3]
    known = np.isfinite(valley.dtm)

    def smoothed(values, sigma):
        weight = gaussian_filter(known.astype(float), sigma)
        return gaussian_filter(np.where(known, values, 0.0), sigma) / np.maximum(weight, 1e-6)

    detail = np.where(known, valley.dtm - smoothed(valley.dtm, 4.0), 0.0)
    return {
        'optical': (nir - red) / (nir + red),
        'lidar': np.where(known, np.sqrt(smoothed(detail**2, 1.5)), np.nan),
        'insar': np.kron(valley.velocity, np.ones((4, 4))),
    }


def contrast(feature, inside, ring):
    """Mean inside against median of the ring, in robust standard deviations of the ring."""
    within, around = feature[inside], feature[ring]
    within, around = within[np.isfinite(within)], around[np.isfinite(around)]
    if within.size < 0.3 * inside.sum() or around.size < 50:
        return 0.0  # not seen at all
    middle = np.median(around)
    return abs(within.mean() - middle) / (1.4826 * np.median(np.abs(around - middle)))


def seen_share(feature, inside):
    return np.isfinite(feature[inside]).mean()


@pytest.fixture(scope='module')
def contrasts():
    table = {(kind, sensor): [] for kind in SlideKind for sensor in ('optical', 'lidar', 'insar')}
    for seed in (1, 2):
        valley = make_valley(seed)
        seen = features(valley)
        for slide in valley.landslides:
            inside = valley.truth == slide.id
            near = binary_dilation(inside, iterations=3)
            ring = binary_dilation(near, iterations=9) & ~near & (valley.truth == 0)
            for sensor, feature in seen.items():
                if sensor == 'insar' or seen_share(feature, inside) > 0.3:
                    table[slide.kind, sensor].append(contrast(feature, inside, ring))
    return {key: float(np.median(values)) for key, values in table.items()}


OWN_SENSOR = {SlideKind.FRESH: 'optical', SlideKind.OLD: 'lidar', SlideKind.SLOW: 'insar'}


@pytest.mark.parametrize('kind', SlideKind)
def test_each_kind_stands_out_in_its_own_sensor_only(contrasts, kind):
    own = contrasts[kind, OWN_SENSOR[kind]]
    assert own > 1.5
    for sensor in set(OWN_SENSOR.values()) - {OWN_SENSOR[kind]}:
        assert contrasts[kind, sensor] < 1.5
        assert own > 1.8 * contrasts[kind, sensor]


@pytest.mark.parametrize('sensor', ['optical', 'lidar', 'insar'])
def test_each_sensor_sees_its_own_kind_best(contrasts, sensor):
    own = next(kind for kind, name in OWN_SENSOR.items() if name == sensor)
    others = [contrasts[kind, sensor] for kind in SlideKind if kind is not own]
    assert contrasts[own, sensor] > 2 * max(others)


def test_fresh_landslides_have_lost_their_velocity(valley):
    velocity = features(valley)['insar']
    assert seen_share(velocity, valley.mask_of(SlideKind.FRESH)) < 0.4
    assert seen_share(velocity, valley.mask_of(SlideKind.SLOW)) > 0.9
