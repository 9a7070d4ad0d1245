"""Where set-up stands: what the file says, what is recorded, judged, learnt and deciding."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from lineshaft.app.config import FILE, PASSWORD
from lineshaft.app.console.setup.file import current
from lineshaft.app.console.setup.recorded import Recorded, recorded
from lineshaft.app.console.setup.stretch import Declared, declared
from lineshaft.app.project import Project
from lineshaft.bundle.inspect import inspect
from lineshaft.core.errors import LineshaftError
from lineshaft.core.store import Historian


@dataclass(frozen=True, slots=True)
class Learnt:
    """One bundle of the project; ``created`` is UTC in words, ``figures`` what was measured at training."""

    name: str
    version: int
    digest: str
    created: str
    learner: str
    why: str
    tags: int
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """``folder`` is the project's; ``file`` whether lineshaft.toml is there, ``mistake`` what is wrong with it.

    ``task`` has the keys of ``[tasks.<loop>]`` with their defaults. ``trouble`` says why history or bundles could
    not be looked at.
    """

    folder: str
    file: bool
    digest: str
    text: str
    mistake: str
    name: str = ""
    source: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    loop: str = ""
    task: dict[str, Any] = field(default_factory=dict)
    period_ms: float = 0.0
    password: bool = False
    recorded: Recorded = field(default_factory=Recorded)
    judged: tuple[Declared, ...] = ()
    learnt: Learnt | None = None
    deciding: str = ""
    trouble: str = ""
    now: int = 0


def standing(folder: Path, project: Project | None, mistake: str, historian: Historian | None) -> Standing:
    """Everything at one look."""
    text, digest = current(folder)
    file = (folder / FILE).exists()
    now = time.time_ns() // 1_000_000
    password = bool(os.environ.get(PASSWORD))
    if project is None or not file:
        return Standing(str(folder.resolve()), file, digest, text, mistake, password=password, now=now)
    held, judged, learnt, deciding, trouble = Recorded(), tuple[Declared, ...](), None, "", ""
    try:
        if historian is not None:
            held, judged = recorded(project, historian), tuple(declared(project, historian))
        learnt = newest(project)
        deciding = bundle.name if (bundle := project.decides()) else ""
    except LineshaftError as error:
        trouble = str(error)
    task = msgspec.to_builtins(project.task)
    return Standing(
        str(folder.resolve()), file, digest, text, mistake, project.config.plant.name, project.config.plant.source,
        dict(project.config.plant.options), project.loop, task, project.recipe.period_ns / 1e6, password, held, judged,
        learnt, deciding, trouble, now)


def newest(project: Project) -> Learnt | None:
    """The bundle with the highest version."""
    there = project.bundles()
    if not there:
        return None
    path = there[max(there)]
    found: dict[str, Any] = inspect(path)
    lineage = found["lineage"]
    return Learnt(path.name, found["version"], found["digest"], found["created"], lineage["learner"], lineage["why"],
                  len(found["tags"]), found["figures"])
