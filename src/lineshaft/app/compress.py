"""Compression of a step graph with honest figures: tried in several ways, measured, and dropped where it does not pay.

What is kept is chosen on validation runs and reported on held-out ones; the speed is that of the target's engine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lineshaft.app.compress_methods import DEFAULT, Compressor, Roles, Work
from lineshaft.app.in_turns import in_turns
from lineshaft.backend import choose
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Backend, Engine, Executor
from lineshaft.core.target import Target
from lineshaft.graph.check import problems, signature
from lineshaft.graph.fidelity import Gap, Said, gap, judge, measured, say
from lineshaft.graph.rewrite import Change, changed

BLOCKS = 9


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a compression may cost: ``drop`` of the metric where there are abnormal rows (AUC, or accuracy); in any case
    the share of verdicts that ``flips``, and how far the ``tail`` of the normal score moves (see ``fidelity.Gap``).
    """

    drop: float = 0.005
    flips: float = 0.02
    tail: float = 0.15

    def broken(self, found: Gap) -> str:
        """What is out of bounds, in words; empty when nothing is."""
        said = [f"{found.drop:.2%} of the metric is lost" if found.drop > self.drop else "",
                f"{found.flips:.2%} of the verdicts flip" if found.flips > self.flips else "",
                f"the tail of the score moves by {max(found.tail, key=abs):+.0%}"
                if max(map(abs, found.tail)) > self.tail else ""]
        return ", ".join(filter(None, said))


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One way to compress and what came of it.

    ``change.reason`` says why it is dropped, and ``graph`` is None where there is nothing to keep or drop.
    ``speed`` is the time of a step before over after (0: not measured); ``validation`` and ``held_out`` are the gaps to
    the graph as it was, on runs of those roles.
    """

    method: str
    change: Change
    graph: bytes | None = None
    speed: float = 0.0
    validation: Gap | None = None
    held_out: Gap | None = None

    @property
    def ratio(self) -> float:
        """Bytes before over bytes after."""
        return self.change.before.bytes / max(self.change.after.bytes, 1)


def compress(graph: bytes, roles: Roles, target: Target, execute: Executor, *, methods: Sequence[str] = DEFAULT,
             bounds: Bounds = Bounds(), backend: Backend | None = None, blocks: int = BLOCKS,
             progress: Progress = silent) -> tuple[Trial, ...]:
    """Every method with its figures, in the order asked for. Raises ``Refused`` where no backend takes the graph."""
    signature(graph)
    backend = backend or choose(graph, target)
    compressor = Compressor(graph, Work(roles, execute, progress))
    before = [say(graph, runs, execute, _judged(graph)) for runs in (roles.validation, roles.held_out)]
    trials = []
    for number, name in enumerate(methods):
        progress(number, len(methods), "compressing")
        made = compressor.compressed(name)
        raw = made if isinstance(made, str) else made.bytes()
        trials.append(Trial(name, changed(name, graph, graph, reason=raw)) if isinstance(raw, str)
                      else _judgement(name, graph, raw, roles, before, execute, bounds, backend, target))
    progress(len(methods), len(methods), "compressing")
    return tuple(_paying(trial) for trial in _timed(graph, trials, backend, target, roles, blocks, progress))


def best(trials: Sequence[Trial], *, smallest: bool = False) -> Trial:
    """The quickest of those that pay (the smallest, where asked for); ``Refused`` with every reason where none does."""
    kept = [trial for trial in trials if trial.change.kept]
    if not kept:
        raise Refused("no compression pays: " + "; ".join(f"{t.method}: {t.change.reason}" for t in trials),
                      do="keep the graph as it is, or allow more loss")
    return max(kept, key=lambda t: (t.ratio, t.speed) if smallest else (round(t.speed, 1), t.ratio))


def _judged(graph: bytes) -> tuple[str, ...]:
    return tuple(port.name for port in signature(graph).outputs if port.name in ("score", "alarm"))


def _judgement(name: str, graph: bytes, raw: bytes, roles: Roles, before: Sequence[list[Said]], execute: Executor,
               bounds: Bounds, backend: Backend, target: Target) -> Trial:
    wrong = problems(raw) or backend.supports(raw, target).reasons
    if wrong:
        return Trial(name, changed(name, graph, raw, reason="; ".join(wrong)))
    after = [say(raw, runs, execute, _judged(raw)) for runs in (roles.validation, roles.held_out)]
    gaps = [gap(old, new, runs) for old, new, runs in
            zip(before, after, (roles.validation, roles.held_out), strict=True)]
    change = changed(name, graph, raw, reason=bounds.broken(gaps[0]),
                     measured=measured(before[1], after[1], roles.held_out))
    return Trial(name, change, raw, 0.0, gaps[0], gaps[1])


def _timed(graph: bytes, trials: Sequence[Trial], backend: Backend, target: Target, roles: Roles, blocks: int,
           progress: Progress) -> list[Trial]:
    """With speeds, measured in turns with the graph as it was; without where the target is only emulated here."""
    loaded = [place for place, trial in enumerate(trials) if trial.graph is not None]
    artifact = backend.compile(graph, target)
    if not loaded or backend.facts(artifact, target).emulator:
        return list(trials)
    engines: list[Engine] = [backend.load(artifact, signature(graph), target)]
    for place in loaded:
        own = trials[place].graph or b""
        engines.append(backend.load(backend.compile(own, target), signature(own), target))
    sample = roles.validation[0]
    golden = Golden(np.asarray(sample.x[:200], np.float32), np.asarray(sample.quality[:200], np.float32), {})
    (first, _), *others = in_turns(engines, [golden], blocks, progress, block_steps=_steps(engines[0]))
    speeds = dict(zip(loaded, (first / max(p50, 1) for p50, _ in others), strict=True))
    return [replace(trial, speed=speeds.get(place, 0.0)) for place, trial in enumerate(trials)]


def _steps(engine: Engine) -> int:
    """Steps of a block: as many as take some 50 ms, within 3 and 500."""
    begun = time.perf_counter()
    for _ in range(3):
        engine.step()
    return int(np.clip(0.15 / max(time.perf_counter() - begun, 1e-6), 3, 500))


def _paying(trial: Trial) -> Trial:
    """Dropped where it is neither quicker nor, at the same speed, smaller."""
    if trial.change.reason or trial.graph is None:
        return trial
    if trial.speed and trial.speed < 0.95:
        return replace(trial, change=replace(trial.change, reason=f"it is {1 / trial.speed:.2f} times slower"))
    if trial.speed < 1.05 and trial.ratio < 1.1:
        return replace(trial, change=replace(trial.change, reason="it is neither quicker nor smaller"))
    return trial


def describe(roles: Roles, graph: bytes, execute: Executor) -> dict[str, float]:
    """What the graph as it is says of the held-out runs."""
    found = judge(say(graph, roles.held_out, execute, _judged(graph)), roles.held_out)
    return {name: value for name, value in (("metric", found.metric), ("balanced", found.balanced),
            ("false_alarms", found.false_alarms), ("score_p99", found.tail[0]), ("score_p999", found.tail[1]))
            if not np.isnan(value)}
