"""Kinds of fault that a person may say it was: those that the model tells apart, of the file, or said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.app.console.models.shelf import shelf
from lineshaft.app.examples import NORMAL_CLASS
from lineshaft.app.project import Project
from lineshaft.core.answer import VALUE, Answer
from lineshaft.core.decision_tags import answer_paths
from lineshaft.core.store import Historian
from lineshaft.core.task import Task
from lineshaft.feedback.verdicts import verdicts

HEAD_TICKS = 300  # what a fault looked like when it began: later it may have spread


@dataclass(frozen=True, slots=True)
class Kind:
    """``probability`` (0..1) is the mean of what the model gave it at the beginning; None where it gave none."""

    name: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Kinds:
    """The likeliest first. ``teaches`` where the next training learns its classes from what people say; ``tag`` is
    the one that says them otherwise, empty where the task tells no classes apart."""

    known: tuple[Kind, ...]
    teaches: bool
    tag: str = ""


def kinds(project: Project, historian: Historian, start: int, end: int) -> Kinds:
    """For a stretch (UTC ns, half open)."""
    answers, goal = _told_apart(project), project.recipe.goal
    said = _probabilities(project, historian, answers, start, end)
    people = [one.label for one in verdicts(historian, project.loop) if one.label]
    names = dict.fromkeys([*(one.name for one in answers), *goal.classes.values(), *people])
    found = [Kind(name, said.get(name)) for name in names if name != NORMAL_CLASS]
    diagnoses = project.recipe.task == Task.DIAGNOSE
    return Kinds(tuple(sorted(found, key=lambda one: -(one.probability or 0.0))), diagnoses and not goal.predict,
                 goal.predict[0] if diagnoses and goal.predict else "")


def _told_apart(project: Project) -> tuple[Answer, ...]:
    """The classes of the bundle that decides, or of the newest one that can be read."""
    there = [one for one in shelf(project).values() if one.content is not None
             and one.content.manifest.task == Task.DIAGNOSE]
    decides = project.decides()
    chosen = next((one for one in there if one.path == decides), there[-1] if there else None)
    return chosen.content.manifest.answers if chosen is not None and chosen.content is not None else ()


def _probabilities(project: Project, historian: Historian, answers: Sequence[Answer], start: int, end: int
                   ) -> dict[str, float]:
    paths = answer_paths(project.loop, project.config.plant.name, answers)
    there = {tag.path for tag in historian.tags()}
    wanted = {one.name: paths[f"{VALUE}/{one.label}"] for one in answers}
    wanted = {name: path for name, path in wanted.items() if path in there}
    read = historian.read([*wanted.values()], start, min(end, start + HEAD_TICKS * project.recipe.period_ns))
    return {name: float(np.nanmean(read[path].value)) for name, path in wanted.items()
            if np.isfinite(read[path].value).any()}
