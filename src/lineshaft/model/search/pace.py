"""How long things are expected to take, by how long they took so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.search.journal import Measured

FRONTS = 3.5
"""What learning whole spends on the front, in times of learning it for a fold; seen on one set, as the next two."""
REPLAYS = 10.0
"""About so often history passes through the whole graph while its tail is learnt and its figures are taken."""
STEPPING = 3.5
"""How much longer a head takes step by step than over many rows at once."""
CERTIFYING_S, PER_MEBIBYTE_S = 5.0, 10.0
"""What compiling and certifying a graph takes, and each MiB of it, before one was measured: a guess."""
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Size:
    """Rows that ``teach`` and that ``judge``."""

    teach: int
    judge: int


@dataclass(slots=True)
class Pace:
    """Expectations from the outcomes of jobs, from graphs that were measured, and from ``wholes`` (seconds by name).

    ``ended`` are seconds after which learning one whole was given up.

    ``front`` names a candidate's front, ``size`` says how many rows a job has, ``whole_size`` how many
    there are in all; ``abreast`` runs pass through a graph at once.
    """

    outcomes: Mapping[Job, Outcome]
    measures: Mapping[str, Measured]
    front: Callable[[str], str]
    size: Callable[[Job], Size]
    whole_size: Size
    abreast: int = 1
    certifies: bool = True
    wholes: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def job(self, job: Job) -> float | None:
        """Seconds of a job, by the candidate's others, or those of the candidate it is a variant of."""
        own = self._of(job.name)
        if not own:
            return None
        size = self.size(job)
        return self._front(job.name) + max(_learning(out) * _times(size.teach, self.size(done).teach)
                                           + out.said_seconds * _times(size.judge, self.size(done).judge)
                                           for done, out in own)

    def turn(self, job: Job) -> tuple[float, float]:
        """The place of a job in its round: quick fronts first, quick ones among theirs; unknown ones as they stand."""
        front = self.front(job.name)
        times = [out.seconds for done, out in self.outcomes.items() if self.front(done.name) == front]
        own = [_learning(out) + out.said_seconds for _, out in self._of(job.name)]
        return sum(times) / len(times) if times else 0.0, max(own, default=0.0)

    def whole(self, name: str) -> float | None:
        """Seconds until the candidate is learnt from all rows, with its tail and its held-out figures."""
        took = self.wholes.get(name, self.ended.get(name))
        if took is not None:
            return took
        guess = self._whole(name)
        return None if guess is None else guess * self._behind()

    def measuring(self, name: str) -> float:
        """Seconds until its graph is lowered and certified; 0 where that was done, or is not done at all."""
        if name in self.measures or not self.certifies:
            return 0.0
        size = max((out.head_bytes for _, out in self._of(name)), default=0) / MEBIBYTE
        done = [one for one in self.measures.values() if one.seconds > 0.0]
        if not done:
            return CERTIFYING_S + PER_MEBIBYTE_S * size
        return max(one.seconds * max((0.5 + size) / (0.5 + one.graph_bytes / MEBIBYTE), 1.0) for one in done)

    def end(self, name: str) -> float:
        """Seconds from the race to a model that was measured; one never judged takes as long as any."""
        whole = self.whole(name)
        if whole is None:
            known = [one for one in map(self.whole, {job.name for job in self.outcomes}) if one is not None]
            whole = max(known, default=0.0)
        return whole + self.measuring(name)

    def mean_job(self) -> float:
        """Seconds of a job whose candidate nobody knows."""
        times = [out.seconds for out in self.outcomes.values()]
        return sum(times) / len(times) if times else 0.0

    def jobs(self, jobs: Iterable[Job]) -> float:
        """Seconds of jobs, one after another."""
        return sum(self.mean_job() if (one := self.job(job)) is None else one for job in jobs)

    def _whole(self, name: str) -> float | None:
        own = self._of(name)
        if not own:
            return None
        rows = self.whole_size
        return FRONTS * self._front(name) + max(
            _learning(out) * _times(rows.teach, self.size(done).teach)
            + REPLAYS * self._replay(out, rows.judge / max(self.size(done).judge, 1)) for done, out in own)

    def _behind(self) -> float:
        """How much longer than guessed learning whole took so far; one that was ended says nothing of others."""
        known = [took / guess for name, took in self.wholes.items() if (guess := self._whole(name))]
        return max(median(known), 1.0) if known else 1.0

    def _replay(self, outcome: Outcome, times: float) -> float:
        """Seconds of all rows through the head; one without a graph of its own was judged so."""
        return outcome.said_seconds * (times * (1 + STEPPING / self.abreast) if outcome.head_bytes else 1.0)

    def _of(self, name: str) -> list[tuple[Job, Outcome]]:
        own = [pair for pair in self.outcomes.items() if pair[0].name == name]
        return own or [pair for pair in self.outcomes.items() if pair[0].name == name.partition(",")[0]]

    def _front(self, name: str) -> float:
        front = self.front(name)
        return max((out.front_seconds for job, out in self.outcomes.items() if self.front(job.name) == front),
                   default=0.0)


def _learning(outcome: Outcome) -> float:
    return max(outcome.seconds - outcome.front_seconds - outcome.said_seconds, 0.0)


def _times(rows: int, before: int) -> float:
    """How much longer more rows take; fewer are taken to be no quicker."""
    return max(rows / max(before, 1), 1.0)
