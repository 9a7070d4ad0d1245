"""What a plant states of a tag changes while nothing of ours runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.conftest import free_port, with_history
from tests.faults.case import Injection, Outcome, case
from tests.processes import Process, until

from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.quality import BAD_CONFIGURATION_ERROR, usable
from lineshaft.core.series import Series
from lineshaft.feedback.decisions import decisions

TAG = next(tag for tag in TAGS if tag.path.endswith("P101/flow"))
OTHER = "m3/h"
PATIENCE_S = 400.0  # it learns first, which a busy machine takes minutes for


@case(1, 2, 3, 7, times=1, quick=0)
def unit_changed_while_nothing_ran(at: Injection) -> Outcome:
    """Between two runs the plant comes to measure a tag in another unit: no sample of it counts as one of the old, the
    node decides without it and names it, one sentence says what to do; with the unit as before it heals."""
    with ExitStack() as stack:
        port = free_port()

        def begin(module: str, *words: str) -> Process:
            process = Process(words, at.folder / f"{time.monotonic_ns()}.log", module=module)
            stack.callback(process.close)
            return process

        plant = begin("lineshaft", *_serve(port))
        project = with_history(at.folder / "project", str(plant.first_line()["url"]))
        _ran(begin, project, _node_is(project, "active"))
        plant.close()
        plant, changed = begin("tests.faults.other_units", f"{TAG.path}={OTHER}", *_serve(port)), time.time_ns()
        plant.first_line()
        said = _ran(begin, project, _node_is(project, "degraded", TAG.path))
        wrong, mended = _foreign(project, changed, said), time.time_ns()
        plant.close()
        begin("lineshaft", *_serve(port)).first_line()
        begun = time.monotonic()
        said = _ran(begin, project, _node_is(project, "active"))
        took = time.monotonic() - begun
        if "The plant now measures" in said or not usable(_samples(project, mended).quality).any():
            wrong.append("with the unit as before it is not as before")
        return Outcome(1, lies=tuple(wrong), recovery_s=(took,))


def _serve(port: int) -> tuple[str, ...]:
    return ("plant", "serve", "--speed", "10", "--port", str(port))


def _ran(begin: Callable[..., Process], project: Path, ready: Callable[[], bool]) -> str:
    """What a run said that ended once its node was ``ready`` and a decision after that was in the history."""
    run = begin("lineshaft", "run", "--no-console", "--project", str(project), "-o", "json")
    until(ready, "node as it should be", PATIENCE_S)
    now = time.time_ns()
    until(lambda: _decided(project, now), "decision in history", PATIENCE_S)
    run.ended()
    return run.said()


def _node_is(project: Path, state: str, named: str = "") -> Callable[[], bool]:
    def look() -> bool:
        health = RemoteNode(project / "node").health()
        return health.state == state and any(named in reason for reason in (*health.reasons, *[""] * (not named)))

    return look


def _decided(project: Path, after: int) -> bool:
    with Project.open(project).historian() as historian:
        return bool(decisions(historian, "cell", "works/hall1", after, 2**62))


def _samples(project: Path, after: int) -> Series:
    with Project.open(project).historian() as historian:
        return historian.read([TAG.path], after, 2**62)[TAG.path]


def _foreign(project: Path, changed: int, said: str) -> list[str]:
    """What is untrue after a run on the plant with the other unit."""
    series = _samples(project, changed)
    with Project.open(project).historian() as historian:
        [unit] = [tag.unit for tag in historian.tags() if tag.path == TAG.path]
    sentences = [line for line in said.splitlines() if "The plant now measures" in line]
    return [why for why, so in (
        ("nothing of the tag was kept", len(series.time) == 0),
        ("samples of another unit count as of the old one", (series.quality != BAD_CONFIGURATION_ERROR).any()),
        (f"the history calls them {unit}", unit != TAG.unit),
        ("nobody is told what to do", len(sentences) != 1 or not all(
            word in said for word in (TAG.path, TAG.unit, OTHER, "lineshaft model train")))) if so]
