"""Made runs beside real ones: for the rows that teach, never for those that judge, and measured against none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.model.answer import Trial
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import run_spans
from lineshaft.model.supervised import Candidate, Loss, judge

FAMILY = "lineshaft.model.scarce.methods"
NONE = "none"
Runs = Sequence[NDArray[np.float64]]


class Method(Protocol):
    """Another run of a class."""

    def __call__(self, runs: Runs, random: np.random.Generator) -> NDArray[np.float64]: ...


class Way(Protocol):
    """The examples with made runs behind them, and the rows that teach."""

    def __call__(self, examples: Examples, fit: Rows, *, copies: int, seed: int, cold: int
                 ) -> tuple[Examples, Rows]: ...


def methods() -> tuple[str, ...]:
    """Every way there is, by name."""
    return discovery.names(FAMILY)


def augmented(examples: Examples, fit: Rows, method: str, copies: int = 4, seed: int = 0, cold: int = 0
              ) -> tuple[Examples, Rows]:
    """The examples with made runs behind them, and the rows [N + made] that teach.

    Of every class (number of the class in ``target``) ``copies`` runs are made for each of its teaching stretches; they
    are groups of their own, and their first ``cold`` rows fill windows and teach nothing. Rows outside ``fit`` are
    neither changed nor looked at. Raises ``UsageError`` where no row
    teaches.
    """
    make: Method = discovery.load(FAMILY, method).make
    random = np.random.default_rng(seed)
    stretches = _stretches(examples, fit)
    if not stretches:
        raise UsageError("no row teaches, so nothing can be made of it", where="augment")
    return behind(examples, fit, [(kind, np.asarray(make(own, random))) for kind, own in sorted(stretches.items())
                                  for _ in range(copies * len(own))], cold)


def behind(examples: Examples, fit: Rows, runs: Sequence[tuple[int, NDArray[np.float64]]], cold: int
           ) -> tuple[Examples, Rows]:
    """The examples with runs (class, values [T, C]) behind them, each a group of its own, and the rows that teach: a
    run's first ``cold`` do not."""
    dataset = examples.dataset
    made = np.concatenate([run for _, run in runs])
    sizes = [len(run) for _, run in runs]
    last = int(dataset.times[-1])
    grown = replace(
        dataset, times=np.concatenate([dataset.times, last + dataset.period_ns * np.arange(1, len(made) + 1)]),
        values=np.concatenate([dataset.values, made]), good=np.concatenate([dataset.good, np.isfinite(made)]),
        labels=np.concatenate([dataset.labels, np.full(len(made), -1, np.int8)]),
        run=np.concatenate([dataset.run, _numbers(dataset.run, sizes)]))
    target = np.concatenate([examples.target, np.repeat([kind for kind, _ in runs], sizes)[:, None].astype(np.float64)])
    group = np.concatenate([examples.group, _numbers(examples.group, sizes)])
    warm = np.concatenate([np.arange(size) >= cold for size in sizes])
    return Examples(grown, target, group, examples.names), np.concatenate([fit, warm])


def _numbers(taken: NDArray[np.int32], sizes: Sequence[int]) -> NDArray[np.int32]:
    """A number that nobody has for each made run."""
    return np.repeat(int(taken.max()) + 1 + np.arange(len(sizes)), sizes).astype(np.int32)


def _stretches(examples: Examples, fit: Rows) -> dict[int, list[NDArray[np.float64]]]:
    """Unbroken teaching stretches by class; an unknown value is bridged by the tag's mean of the stretch."""
    found: dict[int, list[NDArray[np.float64]]] = {}
    kind = np.where(fit & examples.known, examples.target[:, 0], -1).astype(np.int64)
    marks = examples.dataset.run.astype(np.int64) * (kind.max() + 2) + kind + 1
    for start, stop in run_spans(marks):
        if kind[start] >= 0:
            values = np.where(examples.dataset.good[start:stop], examples.dataset.values[start:stop], np.nan)
            count = np.isfinite(values).sum(axis=0)
            mean = np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), 0.0)
            found.setdefault(int(kind[start]), []).append(np.where(np.isfinite(values), values, mean))
    return found


def against_none(candidate: Candidate, examples: Examples, folds: Sequence[Fold], loss: Loss, execute: Executor, *,
                 copies: int = 4, seed: int = 0, cold: int = 0, more: Mapping[str, Way] | None = None
                 ) -> dict[str, Trial]:
    """The candidate without made runs and with those of each method; the rows that judge are the same real ones.

    ``more`` are further ways by name, such as a simulator's runs: ``partial(simulated, simulator=...)``.
    """
    found = {NONE: judge(candidate, examples, folds, loss, execute)}
    ways: dict[str, Way] = {name: partial(augmented, method=name) for name in methods()}
    for method, way in {**ways, **(more or {})}.items():
        losses, trial = [], Trial(method)
        for fold in folds:
            grown, teaching = way(examples, fold.fit, copies=copies, seed=seed, cold=cold)
            judging = np.concatenate([fold.judge, np.zeros(len(grown) - len(examples), np.bool_)])
            trial = judge(candidate, grown, [Fold(teaching, judging)], loss, execute)
            losses.append(trial.loss)
        found[method] = replace(trial, name=method, loss=float(np.mean(losses)), folds=tuple(losses))
    return found
