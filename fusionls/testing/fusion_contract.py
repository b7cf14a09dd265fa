"""The law of validity as a check that any fusion operator can be run through.

The law (``models.fusion.base``): where the valid share of a modality is zero, its features are
noise and must not reach the output, not by one bit, in training and testing alike; a modality that
is absent is the same as one that is invalid everywhere; and the order of the dict means nothing.
An operator must also take maps of any size, work in mixed precision, compile as one graph, come
back from its state dict bit for bit, and refuse to fuse nothing.
"""

from __future__ import annotations

import copy
import io
import itertools
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from fusionls.errors import FusionlsError, NoModalityError, raise_together
from fusionls.models.fusion import BaseFusion
from fusionls.registry import MODELS

WIDTHS = {'optical': 5, 'terrain': 3, 'insar': 6, 'lidar': 4, 'radar': 2, 'thermal': 7}
"""Branches an operator is built with: all of different width, one as wide as the output.

Six, because torch adds up five and more in an order that depends on their number.
"""
CHANNELS = 6
SIZE = (2, 6, 7)  # samples, rows and columns: small, and no two alike
ODD_SIZES = ((1, 1, 1), (3, 1, 5), (1, 9, 2))
NOISE = {
    'NaN': float('nan'),
    'inf': float('inf'),
    '-inf': float('-inf'),
    'a large number': 1e30,
    'another number': -3.25,
}
"""What may stand where nothing is valid."""

_Given = dict[str, Tensor]
_Builder = Callable[..., nn.Module]


def registered_fusions() -> dict[str, type[BaseFusion]]:
    """Every fusion operator that a config can name, yours included once imported."""
    return {
        name: operator
        for name, operator in sorted(MODELS.module_dict.items())
        if isinstance(operator, type) and issubclass(operator, BaseFusion)
    }


class FusionContractError(FusionlsError, AssertionError):
    """A fusion operator breaks the contract; the text says where."""


def check_fusion(
    operator: nn.Module | _Builder,
    *,
    seed: int = 0,
    half: torch.dtype | None = torch.bfloat16,
    compiler: str | None = 'eager',
    device: str = 'cpu',
) -> None:
    """Run a fusion operator through the contract of ``models.fusion.BaseFusion``.

    Args:
        operator: A fusion operator; or its class (or anything else that builds one from
            ``branches`` and ``channels``), which is then built with six branches.
        seed: Of the features, masks and weights.
        half: Precision that is mixed in; None to leave that out.
        compiler: Backend of ``torch.compile``; None to leave that out, which takes longest.
        device: Where to run.

    Raises:
        FusionContractError: With every breach.

    Example:
        >>> from fusionls.models.fusion import ConcatFusion
        >>> check_fusion(ConcatFusion, compiler=None)
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if isinstance(operator, nn.Module):
            fusion, kept = operator, {k: v.clone() for k, v in operator.state_dict().items()}
            again: nn.Module = copy.deepcopy(operator)
        else:
            fusion, kept = operator(branches=WIDTHS, channels=CHANNELS).to(device), {}
            again = operator(branches=WIDTHS, channels=CHANNELS).to(device)
        was_training = fusion.training
        given = _sample(fusion.widths, SIZE, device)  # type: ignore[arg-type]
        problems: list[str] = []
        for training in (False, True):
            fusion.train(training)
            words = 'in training' if training else 'in testing'
            problems += [f'{words}: {problem}' for problem in _breaches(fusion, *given)]
        fusion.load_state_dict(kept or fusion.state_dict())  # statistics of norms have moved
        fusion.train(False)
        problems += _accepts_nothing(fusion)
        problems += _wrong_at_odd_sizes(fusion, device)
        problems += _forgets(fusion, again, *given)
        if half is not None:
            words = f'in {str(half).removeprefix("torch.")}'
            mixed = {
                # as encoders leave them: some end with a convolution, some with a norm
                name: f.to(half) if i % 2 else f
                for i, (name, f) in enumerate(given[0].items())
            }
            with torch.autocast(torch.device(device).type, dtype=half):
                found = _breaches(fusion, mixed, given[1])
                problems += [f'{words}: {problem}' for problem in found]
        if compiler is not None:
            problems += _wrong_when_compiled(fusion, compiler, *_of_few(*given))
        fusion.train(was_training)
        fusion.zero_grad(set_to_none=True)
    raise_together(
        FusionContractError,
        f'{type(fusion).__name__} breaks the contract of fusion operators',
        list(dict.fromkeys(problems)),
        'Set features to zero where their share is zero, before any product or norm.',
    )


def _breaches(fusion: nn.Module, features: _Given, shares: _Given) -> Iterator[str]:
    try:
        out = _run(fusion, features, shares)
    except Exception as error:
        yield f'fails: {_said(error)}'
        return
    expected = _expected_shape(fusion, features)
    if out.shape != expected:
        yield f'gives {tuple(out.shape)}, expected {expected}'
        return
    if not bool(out.isfinite().all()):
        yield 'gives NaN or inf for finite features'
    turned = _run(fusion, dict(reversed(features.items())), dict(reversed(shares.items())))
    if not torch.equal(out, turned):
        yield 'the order of the dict changes the result'
    yield from _leaks(fusion, features, shares, out)
    for count in sorted({1, 2, len(features) - 1} - {0, len(features)}):
        for names in itertools.combinations(features, count):
            yield from _absent_is_invalid(fusion, features, shares, names)
    yield from _wrong_gradients(fusion, features, shares)


def _leaks(
    fusion: nn.Module,
    features: _Given,
    shares: _Given,
    out: Tensor,
    noises: Mapping[str, float] = NOISE,
) -> Iterator[str]:
    for name in features:
        for words, noise in noises.items():
            changed = {**features, name: features[name].masked_fill(shares[name] == 0, noise)}
            if not torch.equal(out, _run(fusion, changed, shares)):
                yield f'{words} under invalid pixels of {name} changes the result'


def _absent_is_invalid(
    fusion: nn.Module, features: _Given, shares: _Given, names: tuple[str, ...]
) -> Iterator[str]:
    only = ', '.join(names)
    few = {name: features[name] for name in names}
    try:
        absent = _run(fusion, few, {name: shares[name] for name in names})
    except Exception as error:
        yield f'with {only} alone it fails: {_said(error)}'
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
    ramp = torch.linspace(-1, 1, out.numel(), device=out.device)
    (out * ramp.reshape(out.shape)).sum().backward()
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


def _accepts_nothing(fusion: nn.Module) -> Iterator[str]:
    try:
        fusion({}, {})
    except NoModalityError as error:
        silent = [name for name in fusion.widths if name not in str(error)]  # type: ignore[union-attr]
        if silent:
            yield f'refuses to fuse nothing without naming {", ".join(silent)}'
    except Exception as error:
        yield f'without any modality: {_said(error)}, expected a NoModalityError'
    else:
        yield 'without any modality: gives a result, expected a NoModalityError'


def _wrong_at_odd_sizes(fusion: nn.Module, device: str) -> Iterator[str]:
    for size in ODD_SIZES:
        words = f'at {size[1]} x {size[2]} pixels'
        features, shares = _sample(fusion.widths, size, device)  # type: ignore[arg-type]
        try:
            out = _run(fusion, features, shares)
        except Exception as error:
            yield f'{words} it fails: {_said(error)}'
            continue
        if out.shape != _expected_shape(fusion, features):
            yield f'{words} it gives {tuple(out.shape)}'
            continue
        if not bool(out.isfinite().all()):
            yield f'{words} it gives NaN or inf for finite features'
        leaks = _leaks(fusion, features, shares, out, {'NaN': NOISE['NaN']})
        yield from (f'{words}: {leak}' for leak in leaks)


def _forgets(
    fusion: nn.Module, again: nn.Module, features: _Given, shares: _Given
) -> Iterator[str]:
    """Whether ``again``, otherwise initialised, becomes ``fusion`` by its state dict."""
    with torch.no_grad():
        for value in again.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.1, 0.9)
    file = io.BytesIO()
    torch.save(fusion.state_dict(), file)
    file.seek(0)
    again.load_state_dict(torch.load(file, weights_only=True))
    again.train(False)
    if not torch.equal(_run(fusion, features, shares), _run(again, features, shares)):
        yield 'an operator with the same state dict gives another result'


def _wrong_when_compiled(
    fusion: nn.Module, compiler: str, features: _Given, shares: _Given
) -> Iterator[str]:
    torch._dynamo.reset()
    compiled = torch.compile(fusion, backend=compiler, fullgraph=True, dynamic=False)
    try:
        out = _run(compiled, features, shares)
    except Exception as error:
        yield f'cannot be compiled as one graph: {_said(error)}'
        return
    finally:
        torch._dynamo.reset()
    plain = _run(fusion, features, shares)
    if not torch.allclose(out, plain, rtol=1e-4, atol=1e-5):
        yield f'compiled it differs by {float((out - plain).abs().max()):.2g}'


def _of_few(features: _Given, shares: _Given) -> tuple[_Given, _Given]:
    """Three of the modalities: a graph grows with their number, and so does compiling it."""
    names = list(features)[:3]
    return {name: features[name] for name in names}, {name: shares[name] for name in names}


def _said(error: Exception) -> str:
    """Class and first line of an error."""
    return f'{type(error).__name__}: {(str(error).splitlines() or [""])[0]}'


def _expected_shape(fusion: nn.Module, features: _Given) -> tuple[int, ...]:
    samples, _, rows, cols = next(iter(features.values())).shape
    return (samples, fusion.channels, rows, cols)  # type: ignore[return-value]


def _sample(
    widths: Mapping[str, int], size: tuple[int, int, int], device: str
) -> tuple[_Given, _Given]:
    """Features, and shares of which about a third are zero and a third one."""
    features, shares = {}, {}
    for i, (name, width) in enumerate(widths.items()):
        # encoders differ in the memory format of their features
        laid_out = torch.channels_last if i % 2 else torch.contiguous_format
        features[name] = torch.randn(size[0], width, *size[1:]).to(device, memory_format=laid_out)
        share = torch.rand(size[0], 1, *size[1:])
        shares[name] = (share * 3 - 1).clamp(0, 1).to(device)
    return features, shares


def _run(fusion: Callable[..., Tensor], features: _Given, shares: _Given) -> Tensor:
    torch.manual_seed(0)  # dropout, where there is any, drops alike
    return fusion(features, shares)
