"""How good a bundle with an answer is, on the rows that were held out in its training, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import training
from lineshaft.app.goal import MONITOR, learning
from lineshaft.app.leaderboard import saved
from lineshaft.app.project import Project
from lineshaft.app.report.answered import Answered, Weight
from lineshaft.app.searching import FOLDER
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.contents import Bundle
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import LineshaftError
from lineshaft.core.progress import Progress, silent
from lineshaft.core.store import Historian
from lineshaft.core.task import Task
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.pipeline import run_spans, step_inputs
from lineshaft.model.search.board import Board
from lineshaft.model.supervised import Candidate, fit, predict
from lineshaft.model.tail import curve, runs_with

Rows = NDArray[np.bool_]
Said = dict[str, NDArray[np.float64]]
SHIFTS = (0.236, 0.382, 0.618)  # of the rows: several, since a rhythm of the plant may fit into one of them
MOST_CELLS = 1_000_000  # replayed to see how much each tag matters


def answered(project: Project, historian: Historian, taken: Bundle, version: int, progress: Progress = silent
             ) -> Answered | None:
    """None for a bundle without answers, of another task than the project's, or where no row was held out."""
    manifest = taken.manifest
    if manifest.task in (MONITOR, "") or manifest.task != project.recipe.task or not manifest.answers:
        return None
    progress(0, 3, "reading what it learnt from")
    whole = training.taught(project, historian, manifest.lineage.history)
    made = learning(manifest.task, project.recipe.goal, project.place)
    naive = [one for one in made.candidates(whole) if one.name.startswith("naive")]  # before any loss: some settings
    held_out = made.held_out(whole) & whole.known  # of a task come from its examples
    examples, rows = runs_with(whole, held_out)
    if not rows.any():
        return None
    progress(1, 3, "answering")
    said = _said(taken.graph, examples.dataset)
    kind = {Task.DIAGNOSE: "class", Task.SEGMENT: ""}.get(Task(manifest.task), "number")
    data, modes = examples.dataset, manifest.task == Task.SEGMENT
    found = Answered(
        Task(manifest.task), manifest.answers, manifest.lineage.learner, manifest.period_ns, int(whole.known.sum()),
        data.times[rows], data.run[rows], examples.target[rows][:, :0 if modes else None],
        said["value"][rows], said["low"][rows], said["high"][rows], said["known"][rows, 0] > 0,
        made.loss(examples.target[rows], said["value"][rows]),
        marks=curve(kind, examples, rows, said) if kind else (), board=_board(project, version))
    progress(2, 3, "weighing its tags")
    return replace(_beside_naive(found, made, naive, whole, held_out),
                   weights=_weights(taken.graph, made, examples, rows))


def _said(graph: bytes, data: Dataset) -> Said:
    through, (x, quality) = Replay(graph, execute), step_inputs(data)
    parts = [through(x[a:b], quality[a:b]) for a, b in run_spans(data.run)]
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float64) for name in WITH_VALUE[:4]}


def _beside_naive(found: Answered, made: Learning, naive: Sequence[Candidate], whole: Examples, held_out: Rows
                  ) -> Answered:
    """With what the best of the task's baselines on these very rows says of them, learnt from the same others."""
    for one in naive:
        try:
            value = predict(fit(one, whole, whole.known & ~held_out, execute), whole, execute)[held_out]
        except (LineshaftError, np.linalg.LinAlgError):
            continue
        loss = made.loss(whole.target[held_out], value)
        if not loss >= found.naive_loss:  # NaN: the first one
            found = replace(found, naive=value, naive_name=one.name, naive_loss=loss)
    return found


def _weights(graph: bytes, made: Learning, examples: Examples, rows: Rows) -> tuple[Weight, ...]:
    """Each tag is taken from other times: it keeps its look and says nothing of the moment any more."""
    few = _last(examples, rows, MOST_CELLS // max(1, len(examples.dataset.tags)) ** 2)
    examples, rows = examples.rows(few), rows[few]
    data, usual = examples.dataset, made.loss(examples.target[rows], _said(graph, examples.dataset)["value"][rows])

    def loss(column: int, share: float) -> float:
        value = _said(graph, _shifted(data, column, share))["value"]
        return made.loss(examples.target[rows], value[rows])

    losses = [float(np.mean([loss(column, share) for share in SHIFTS])) for column in range(len(data.tags))]
    worse = np.maximum(np.array(losses) - usual, 0.0)
    shares = worse / (worse.sum() or 1.0)
    found = [Weight(tag.path, loss, share) for tag, loss, share in zip(data.tags, losses, shares.tolist(), strict=True)]
    return tuple(sorted(found, key=lambda one: -one.share))


def _shifted(data: Dataset, column: int, share: float) -> Dataset:
    values, good = data.values.copy(), data.good.copy()
    for part in (values, good):
        part[:, column] = np.roll(part[:, column], round(share * len(data)))
    return replace(data, values=values, good=good)


def _last(examples: Examples, rows: Rows, most: int) -> slice:
    """So many rows up to the last one that was held out."""
    end = int(np.flatnonzero(rows)[-1]) + 1 if rows.any() else len(examples)
    return slice(max(0, end - max(most, 200)), end)


def _board(project: Project, version: int) -> Board | None:
    """The search that gave the bundle, where it is the last one that was kept."""
    try:
        board, about = saved(project.folder / FOLDER / project.loop)
    except LineshaftError:
        return None
    return board if about.get("bundle", "").endswith(f"{project.loop}-{version}") else None
