"""``lineshaft model train``: the search as a person asked for it, with its journal, its hands and its leaderboard."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from lineshaft import __version__, model
from lineshaft.app.measuring import cost
from lineshaft.app.recipe import Recipe
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.alone import alone
from lineshaft.core.manifest import Certificate
from lineshaft.core.progress import Progress, silent
from lineshaft.model.answer import Fitted
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.search.board import DONE, Board, Row, State, Watch, in_order, unwatched
from lineshaft.model.search.cost import Measure
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.limits import DEFAULT_S, Limits
from lineshaft.model.search.processes import Process
from lineshaft.model.search.run import Hands, search
from lineshaft.model.train import Monitor
from lineshaft.model.trial import Trial as MonitorTrial

FOLDER, KEPT = Path(".lineshaft") / "search", 5
"""Below the project's folder, one folder a loop; so many journals are kept."""
AFTER_S = 5.0
"""What packing and signing a bundle takes at most."""
CERTIFYING = 0.2
"""Share of the time that is kept for certifying a monitor."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose: seconds, the most candidates (0: all), begin anew, processes, a Ray cluster's address."""

    seconds: float = DEFAULT_S
    trials: int = 0
    fresh: bool = False
    workers: int = 1
    ray: str = ""


class Searching:
    """A ``flow.Choose`` and ``flow.Heard`` for one loop; ``board`` is the newest table.

    The time that is wanted counts from when this is made until the bundle is there.
    """

    def __init__(self, project: Path, loop: str, wanted: Wanted | None = None) -> None:
        self.folder, self._wanted, self._begun = project / FOLDER / loop, wanted or Wanted(), time.monotonic()
        self.watch: Watch = unwatched
        self.board = Board((), 1)
        self._trials: list[MonitorTrial] = []

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else searches for this loop meanwhile; ``EnvironmentFailed`` where somebody does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder.parents[1] / ".gitignore").write_text("*\n", "utf-8")
        with alone(self.folder / "lock", "`lineshaft model train`"):
            yield

    def choose(self, learning: Learning, examples: Examples, recipe: Recipe, measure: Measure,
               progress: Progress = silent) -> Fitted:
        """The recommended model; a search of equal data, settings and code that was cut off is gone on with."""
        key = self._key(learning, examples, recipe)
        limits = Limits(self._wanted.seconds, self._wanted.trials, recipe.learner,
                        before_s=time.monotonic() - self._begun, after_s=min(AFTER_S, self._wanted.seconds / 20))
        journal = Journal(self._journal(key), key, fresh=self._wanted.fresh)
        try:
            with _hands(self._wanted) as hands:
                found = search(learning, examples, execute, measure=measure, limits=limits, journal=journal,
                               hands=hands, watch=self._told)
        finally:
            journal.close()
        return found.fitted

    def left(self) -> float:
        """Seconds in which learners of a monitor may be tried yet; some are kept for certifying the chosen one."""
        return self._wanted.seconds * (1.0 - CERTIFYING) - (time.monotonic() - self._begun)

    def heard(self, trial: MonitorTrial) -> None:
        """A learner of a monitor was tried."""
        self._trials.append(trial)
        self._told(_of_monitor(self._trials, "trying learners on injected faults"))

    def sealed(self, monitor: Monitor, certificate: Certificate) -> None:
        """The last board of a monitor: which learner it is, which broke the budget, what it costs."""
        self._told(_of_monitor(list(monitor.trials), DONE, monitor.learner, certificate))

    def _told(self, board: Board) -> None:
        self.board = board
        self.watch(board)

    def _key(self, learning: Learning, examples: Examples, recipe: Recipe) -> str:
        """What makes two searches the same, as a digest; not the time, so that one goes on with more of it."""
        sha = hashlib.sha256(repr((examples.dataset.digest, examples.names, recipe, type(learning).__name__,
                                   _settings(learning), self._wanted.trials, code_version())).encode())
        for column in (examples.target, examples.group):
            sha.update(np.ascontiguousarray(column).tobytes())
        return sha.hexdigest()

    def _journal(self, key: str) -> Path:
        """The file of this search; the oldest of others are removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own = self.folder / f"{key[:16]}.journal"
        others = sorted((path for path in self.folder.glob("*.journal") if path != own),
                        key=lambda path: path.stat().st_mtime)
        for path in others[:max(len(others) - KEPT + 1, 0)]:
            path.unlink()
        return own


@cache
def code_version() -> str:
    """Lineshaft's version and a digest of what learns: a journal of other code is not gone on with."""
    sha = hashlib.sha256()
    for path in sorted(Path(str(resources.files(model))).rglob("*.py")):
        sha.update(path.read_bytes())
    return f"{__version__}+{sha.hexdigest()[:12]}"


def _settings(learning: Learning) -> dict[str, Any]:
    named = getattr(learning, "__slots__", ()) or vars(learning)
    return {name: repr(getattr(learning, name)) for name in sorted(named)}


@contextmanager
def _hands(wanted: Wanted) -> Iterator[Hands]:
    """Child processes, or those of a cluster."""
    if wanted.ray:
        from lineshaft.model.search.cluster import cluster

        with cluster(wanted.ray) as hands:
            yield hands
    else:
        yield lambda payload: [Process(payload) for _ in range(max(wanted.workers, 1))]


def _of_monitor(trials: list[MonitorTrial], doing: str, chosen: str = "", certificate: Certificate | None = None
                ) -> Board:
    """Trials of a monitor as a table: the loss is 1 less faults found and plus false alarms."""
    rows = []
    for trial in trials:
        tried = trial.power > 0.0 or not trial.reason
        own = trial.learner == chosen
        state: State = "recommended" if own else "in the race" if not trial.reason else (
            "over budget" if tried else "out")
        rows.append(Row(trial.learner, (1.0 - trial.merit,) if tried else (), state, trial.reason,
                        cost=cost(certificate) if certificate and own else None))
    return Board(in_order(rows), 1, doing=doing)
