"""Recorded data as runs with roles, for the compression of a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.compress_methods import Roles
from lineshaft.app.graphfile import tags_of
from lineshaft.app.recorded import prepare
from lineshaft.app.talk import Talk
from lineshaft.connect.files.reader import read_files
from lineshaft.core.dataset import UNLABELLED, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import StepSignature
from lineshaft.graph.fidelity import NORMAL, Run
from lineshaft.model.pipeline import run_spans, step_inputs

SHARES = (0.5, 0.7)  # of every run: to teach, then to choose, then to report on
LEAD = 300  # rows before a part that warm the state up and don't count
FEWEST = 100  # rows of a role
DO = "give recorded data of the same tags"


def roles_from(data: Path, graph: Path, signature: StepSignature, talk: Talk) -> Roles:
    """Calibration, validation and held-out rows of an export, split by time in every run.

    A label column (0 normal, 1 not) is used where there is one; rows without a label count as normal. Abnormal rows
    teach nothing. Raises ``UsageError`` where the data don't fit the graph or are too few.
    """
    with talk.progress() as progress:
        table = read_files(data, progress=progress)
    dataset = prepare(data.stem, table, talk, source=str(data)).dataset
    dataset = _columns(dataset, tags_of(graph), signature, str(data))
    roles = Roles(*(_part(dataset, role) for role in range(3)))
    for name, runs in (("calibration", roles.calibration), ("validation", roles.validation),
                       ("held-out", roles.held_out)):
        normal = sum(int((run.labels == NORMAL).sum()) for run in runs)
        if normal < FEWEST:
            raise UsageError(f"{normal} normal rows are left for {name}, {FEWEST} are the fewest", where=str(data),
                             do="give a longer recording")
    return roles


def _columns(dataset: Dataset, wanted: tuple[str, ...], signature: StepSignature, where: str) -> Dataset:
    """The dataset with the graph's tags in the graph's order; by position where the graph has no names for them."""
    own = [tag.path for tag in dataset.tags]
    if not wanted:
        if len(own) != signature.channels:
            raise UsageError(f"{len(own)} columns can be watched and the graph takes {signature.channels}", where=where,
                             do="give a file with one column for each channel of the graph, in its order")
        return dataset
    short = {path.rsplit("/", 1)[-1]: i for i, path in enumerate(own)} | {path: i for i, path in enumerate(own)}
    place = [short.get(path, short.get(path.rsplit("/", 1)[-1], -1)) for path in wanted]
    if -1 in place:
        raise UsageError(f"tag {wanted[place.index(-1)]} of the bundle is not in the data, or says nothing there",
                         where=where, do=DO)
    return Dataset(tuple(dataset.tags[i] for i in place), dataset.period_ns, dataset.times, dataset.values[:, place],
                   dataset.good[:, place], dataset.labels, dataset.run, dataset.version, dataset.query)


def _part(dataset: Dataset, role: int) -> tuple[Run, ...]:
    x, quality = step_inputs(dataset)
    labels = np.where(dataset.labels == UNLABELLED, NORMAL, dataset.labels).astype(np.int8)
    found = []
    for start, stop in run_spans(dataset.run):
        edges = [start, *(start + round(share * (stop - start)) for share in SHARES), stop]
        begin, end = edges[role], edges[role + 1]
        if end > begin:
            lead = max(begin - LEAD, start)
            found.append(_run(x[lead:end], quality[lead:end], labels[lead:end], begin - lead))
    return tuple(found)


def _run(x: NDArray[np.float32], quality: NDArray[np.float32], labels: NDArray[np.int8], lead: int) -> Run:
    # The first part has no rows before it, so a share of its own warms up.
    cold = lead or min(LEAD, len(x) // 4)
    return Run(x, quality, np.where(np.arange(len(x)) < cold, -1, labels).astype(np.int8))
