"""The law of validity as a check that any fusion operator can be run through.

The law (``models.fusion.base``): where the valid share of a modality is zero, its features are
noise and must not reach the output, not by one bit, in training and testing alike; a modality that
is absent is the same as one that is invalid everywhere; and the order of the dict means nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from fusionls.errors import FusionlsError, raise_together

WIDTHS = {'optical': 5, 'terrain': 3, 'insar': 4}
"""Branches an operator is built with: all of different width."""
CHANNELS = 6
SIZE = (2, 6, 7)  # samples, rows and columns: small, and no two alike
NOISE = {
    'NaN': float('nan'),
    'inf': float('inf'),
    '-inf': float('-inf'),
    'a large number': 1e30,
    'another number': -3.25,
}
"""What may stand where nothing is valid."""

_Given = dict[str, Tensor]


class FusionContractError(FusionlsError, AssertionError):
    """A fusion operator breaks the contract; the text says where."""


def check_fusion(operator: nn.Module | Callable[..., nn.Module], *, seed: int = 0) -> None:
    """Run a fusion operator through the contract of ``models.fusion.BaseFusion``.

    Args:
        operator: A fusion operator; or its class (or anything else that builds one from
            ``branches`` and ``channels``), which is then built with three branches.
        seed: Of the features, masks and weights.

    Raises:
        FusionContractError: With every breach.

    Example:
        >>> from fusionls.models.fusion import ConcatFusion
        >>> check_fusion(ConcatFusion)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(operator, nn.Module):
            fusion, kept = operator, {k: v.clone() for k, v in operator.state_dict().items()}
        else:
            fusion, kept = operator(branches=WIDTHS, channels=CHANNELS), {}
        was_training = fusion.training
        problems: list[str] = []
        for training in (False, True):
            fusion.train(training)
            words = 'in training' if training else 'in testing'
            problems += [f'{words}: {problem}' for problem in _breaches(fusion)]
        fusion.load_state_dict(kept or fusion.state_dict())  # statistics of norms have moved
        fusion.train(was_training)
        fusion.zero_grad(set_to_none=True)
    raise_together(
        FusionContractError,
        f'{type(fusion).__name__} breaks the contract of fusion operators',
        list(dict.fromkeys(problems)),
        'Set features to zero where their share is zero, before any product or norm.',
    )


def _breaches(fusion: nn.Module) -> Iterator[str]:
    widths: Mapping[str, int] = fusion.widths  # type: ignore[assignment]
    features, shares = _sample(widths)
    out = _run(fusion, features, shares)
    expected = (SIZE[0], fusion.channels, *SIZE[1:])
    if out.shape != expected:
        yield f'gives {tuple(out.shape)}, expected {expected}'
        return
    if not bool(out.isfinite().all()):
        yield 'gives NaN or inf for finite features'
    turned = _run(fusion, dict(reversed(features.items())), dict(reversed(shares.items())))
    if not torch.equal(out, turned):
        yield 'the order of the dict changes the result'
    for name in widths:
        for words, noise in NOISE.items():
            changed = {**features, name: features[name].masked_fill(shares[name] == 0, noise)}
            if not torch.equal(out, _run(fusion, changed, shares)):
                yield f'{words} under invalid pixels of {name} changes the result'
    for count in range(1, len(widths)):
        for names in itertools.combinations(widths, count):
            yield from _absent_is_invalid(fusion, features, shares, names)
    yield from _wrong_gradients(fusion, features, shares)


def _absent_is_invalid(
    fusion: nn.Module, features: _Given, shares: _Given, names: tuple[str, ...]
) -> Iterator[str]:
    only = ', '.join(names)
    few = {name: features[name] for name in names}
    try:
        absent = _run(fusion, few, {name: shares[name] for name in names})
    except Exception as error:
        yield f'with {only} alone it fails: {type(error).__name__}: {error}'
        return
    closed = {name: s if name in names else torch.zeros_like(s) for name, s in shares.items()}
    if not torch.equal(absent, _run(fusion, features, closed)):
        yield f'{only} alone differs from {only} beside modalities that are invalid everywhere'


def _wrong_gradients(fusion: nn.Module, features: _Given, shares: _Given) -> Iterator[str]:
    leaves = {
        name: feature.masked_fill(shares[name] == 0, float('nan')).requires_grad_()
        for name, feature in features.items()
    }
    fusion.zero_grad(set_to_none=True)
    out = _run(fusion, leaves, shares)
    (out * torch.linspace(-1, 1, out.numel()).reshape(out.shape)).sum().backward()
    for name, leaf in leaves.items():
        gradient = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
        closed = (shares[name] == 0).expand_as(gradient)
        if not bool((gradient[closed] == 0).all()):
            yield f'invalid pixels of {name} get a gradient'
        if not bool((gradient[~closed] != 0).any()):
            yield f'valid pixels of {name} get no gradient'
    spoilt = [
        name
        for name, parameter in fusion.named_parameters()
        if parameter.grad is not None and not bool(parameter.grad.isfinite().all())
    ]
    if spoilt:
        yield f'NaN under invalid pixels spoils the gradients of {", ".join(spoilt)}'


def _sample(widths: Mapping[str, int]) -> tuple[_Given, _Given]:
    """Features, and shares of which about a third are zero and a third one."""
    features, shares = {}, {}
    for name, width in widths.items():
        features[name] = torch.randn(SIZE[0], width, *SIZE[1:])
        share = torch.rand(SIZE[0], 1, *SIZE[1:])
        shares[name] = (share * 3 - 1).clamp(0, 1)
    return features, shares


def _run(fusion: nn.Module, features: _Given, shares: _Given) -> Tensor:
    torch.manual_seed(0)  # dropout, where there is any, drops alike
    out: Tensor = fusion(features, shares)
    return out
