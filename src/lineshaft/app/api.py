"""The way from a table to a certified bundle in Python: ``read`` or ``from_frame``, ``fit``, ``save``, ``watch``."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import duckdb
import numpy as np
from numpy.typing import ArrayLike

from lineshaft.app import flow
from lineshaft.app.backtest import Decisions, Episode, backtest, episodes
from lineshaft.app.goal import MONITOR, Goal
from lineshaft.app.modelled import Model, fit_task
from lineshaft.app.normal import ASSUMED, Rows, normal_rows
from lineshaft.app.recipe import Recipe, monitor_settings
from lineshaft.app.recorded import Recorded, laid_out_as, prepare
from lineshaft.app.sealable import Sealable
from lineshaft.app.talk import Talk
from lineshaft.app.verdict import headline
from lineshaft.app.watch import Where, loop_name
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.reader import read_files
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.model.finding import AUTO
from lineshaft.model.train import Monitor as Learnt

if TYPE_CHECKING:
    import pandas

QUIET = Talk(quiet=True)


def read(where: Where, *, name: str = "", stale_ns: int | None = None, **how: Any) -> Recorded:
    """A plant's past out of CSV or Parquet: a file, a folder, a pattern, or a list of these.

    What is not said is worked out, and told in ``findings``; ``how`` takes the fields of
    ``connect.files.options.ReadOptions``, such as ``timezone="Europe/Berlin"`` or ``labels=("anomaly",)``.
    """
    return prepare(name or loop_name(where), read_files(where, _options(how)), QUIET, stale_ns=stale_ns,
                   source=str(where))


def from_frame(frame: pandas.DataFrame, *, name: str = "frame", stale_ns: int | None = None, **how: Any) -> Recorded:
    """The same out of a DataFrame: one row a time, one column a tag; the times in its index or in a column.

    >>> import pandas as pd
    >>> times = pd.date_range("2024-03-01", periods=600, freq="s")
    >>> from_frame(pd.DataFrame({"flow": np.sin(np.arange(600.0)), "level": np.cos(np.arange(600.0))}, index=times))
    <frame: 600 rows, 2 tags, one row every 1 s>
    """
    whole = frame if frame.index.name is None and frame.index.dtype.kind in "iu" else frame.reset_index()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as link:
        path = Path(folder) / f"{name}.parquet"
        link.register("frame", whole.rename(columns=str))
        link.table("frame").write_parquet(str(path))
        table = read_files(path, _options(how))
    said = tuple(line.replace(str(path), name) for line in table.findings)
    return prepare(name, replace(table, findings=said), QUIET, stale_ns=stale_ns)


@overload
def fit(plant: Recorded | Where, *, normal: str = ASSUMED, learner: str = "auto", modes: Sequence[str] | None = None,
        mode_learner: str = AUTO, false_alarm_rate: float | None = None) -> Monitor: ...


@overload
def fit(plant: Recorded | Where, *, task: str, target: str | Sequence[str] = (), learner: str = "auto",
        classes: Mapping[str, str] | None = None, group: str = "", end_of_life: str = "", **settings: Any
        ) -> Model: ...


def fit(plant: Recorded | Where, *, task: str = MONITOR, normal: str = ASSUMED, learner: str = "auto",
        modes: Sequence[str] | None = None, target: str | Sequence[str] = (), classes: Mapping[str, str] | None = None,
        group: str = "", end_of_life: str = "", mode_learner: str = AUTO,
        false_alarm_rate: float | None = None, **settings: Any) -> Monitor | Model:
    """Learn from a plant's past: what is normal, or with ``task`` something that has an answer.

    A monitor learns from the stretch that ``normal`` names: "40%" of every run, "400 rows", or "2024-03-01
    06:00/2024-03-02 18:00". Rows that the data itself labels abnormal are never learnt from. ``modes`` are the tags
    that say the operating mode (None: found in the data, by ``mode_learner``), ``false_alarm_rate`` is the stated
    chance that one normal tick is over the limit (None: the default).

    Any other task is told its ``target`` tags. ``classes`` name their values, ``group`` is a tag that tells assets
    apart, ``end_of_life`` one that is above 0 when a life ends; ``settings`` are the task's own. ``learner`` is a name
    or "auto". A path is read as ``read`` does.
    """
    plant = plant if isinstance(plant, Recorded) else read(plant)
    if task != MONITOR:
        goal = Goal((target,) if isinstance(target, str) else tuple(target), classes or {}, group, end_of_life,
                    settings)
        return fit_task(plant, task, goal, learner)
    if target or classes or group or end_of_life or settings:
        raise UsageError("a monitor learns what is normal and has no target", where="task",
                         do='name the task too, such as task="infer"')
    rows = normal_rows(plant, normal)
    named = None if modes is None else tuple(modes)
    recipe = Recipe(plant.name, plant.dataset.period_ns, plant.stale_ns, named, learner,
                    settings=monitor_settings(false_alarm_rate), mode_learner=mode_learner)
    return Monitor(plant, rows, recipe, flow.learn(plant.dataset, rows, recipe))


@dataclass(frozen=True, eq=False)
class Monitor(Sealable):
    """What was learnt, and from which rows of which plant."""

    plant: Recorded
    normal: Rows
    recipe: Recipe
    learnt: Learnt

    def __repr__(self) -> str:
        return f"<monitor of {self.plant.name}: {self.learnt.learner}, learnt from {int(self.normal.sum()):,} rows>"

    @property
    def sealed_with(self) -> tuple[Dataset, Rows]:
        return self.plant.dataset, self.normal

    def watch(self, plant: Recorded | None = None) -> Outcome:
        """What a node would have said, through its very loop; without ``plant`` over the one it was learnt from."""
        manifest = self.loaded.manifest
        other = laid_out_as(plant or self.plant, manifest.tags, manifest.period_ns, manifest.stale_ns)
        decisions = backtest(self.loaded, other.recordings)
        own = plant is None or plant is self.plant
        watched = ~self.normal if own else np.ones(len(decisions), np.bool_)
        return Outcome(other, decisions, episodes(decisions, watched), watched)


@dataclass(frozen=True, eq=False)
class Outcome:
    """One decision a row of ``plant.dataset``, and the alarms among the rows ``watched`` [N]."""

    plant: Recorded
    decisions: Decisions
    alarms: tuple[Episode, ...]
    watched: Rows

    def __str__(self) -> str:
        return headline(self.plant, self.alarms, self.watched)

    def to_frame(self) -> pandas.DataFrame:
        """The decisions as a DataFrame, indexed by time; ``cause`` is the tag that is named first."""
        import pandas as pd

        found = self.decisions
        return pd.DataFrame(
            {"run": found.run, "score": found.score, "alarm": found.alarm, "confidence": found.confidence,
             "cause": [one[0][0] if one else "" for one in found.causes], "watched": self.watched},
            index=pd.to_datetime(found.time, utc=True).rename("time"))


def import_model(source: object, *, shape: Sequence[int] | None = None, window: int = 0, by_tag: bool = False,
                 statistics: Sequence[str] = (), mean: ArrayLike | None = None, scale: ArrayLike | None = None,
                 mask: str = "hold", names: Mapping[str, str] | None = None, threshold: float | None = None,
                 score: str = "", normal: float = 0.0, debounce: int = 1, release: float = 0.85, reader: str = "",
                 trust_pickle: bool = False) -> bytes:
    """A model made elsewhere as a step graph in ONNX: a path, or an object of scikit-learn, LightGBM, XGBoost,
    PyTorch, Keras or ONNX. The options are those of ``lineshaft graph import``.

    ``mean`` and ``scale`` are one number or one a tag; with a ``threshold`` the graph also gives ``score`` and
    ``alarm``. Raises ``Refused``, with the name of the operator, for what can't be taken.

    >>> from sklearn.linear_model import LinearRegression
    >>> line = LinearRegression().fit([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0, 2.0, 3.0])
    >>> graph = import_model(line, threshold=5.0)
    >>> from lineshaft.graph.check import signature
    >>> [port.name for port in signature(graph).outputs]
    ['score', 'alarm', 'variable']
    """
    from lineshaft.app import importing
    from lineshaft.graph.importing.reading import How

    centre, spread = (None if v is None else np.asarray(v, np.float64) for v in (mean, scale))
    around = importing.Around(window, by_tag, tuple(statistics), centre, spread, mask, dict(names or {}))
    decide = None if threshold is None else importing.Decide(threshold, score, normal, debounce, release)
    how = How(None if shape is None else tuple(int(size) for size in shape), trust_pickle)
    return importing.import_model(source, around, decide, reader=reader, how=how).graph


def _options(how: dict[str, Any]) -> ReadOptions:
    try:
        return ReadOptions(**how)
    except TypeError:
        raise UsageError(f"no way of reading is called {', '.join(sorted(set(how) - set(ReadOptions.__slots__)))}",
                         do=f"use some of {', '.join(ReadOptions.__slots__)}") from None
