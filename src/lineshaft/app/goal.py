"""What a task with an answer is told, in ``lineshaft.toml`` or in Python: what it predicts, and its own settings.

The settings are those of the task's class, found by looking at it: a new task needs no list here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, get_type_hints

import msgspec

from lineshaft.app.locate import near
from lineshaft.app.wanted import wanted
from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.core.task import Task
from lineshaft.model.learning import FAMILY, Learning

MONITOR = Task.MONITOR.value
Place = Callable[..., str]
"""Where in the file a key stands."""


@dataclass(frozen=True, slots=True)
class Goal:
    """``predict`` are tags whose value the task learns to say; ``classes`` names of their values, by value.

    ``group`` is a tag whose value tells assets or runs apart; ``end_of_life`` one that is above 0 when a life ends.
    ``settings`` are the task's own, by name.
    """

    predict: tuple[str, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    end_of_life: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def read(self) -> tuple[str, ...]:
        """Tags that the learning reads and the model does not, besides those it predicts."""
        return tuple(path for path in (self.group, self.end_of_life) if path)


def tasks() -> tuple[str, ...]:
    """Every task there is."""
    return (MONITOR, *discovery.names(FAMILY))


def defaults(task: str) -> dict[str, Any]:
    """The settings of a task that have a default, with it."""
    own = () if task == MONITOR else fields(_shape(discovery.load(FAMILY, task).TASK))
    return {one.name: one.default for one in own if one.default is not MISSING}


def learning(task: str, goal: Goal, place: Place = lambda *keys: ".".join(keys)) -> Learning:
    """The task with these settings; ``UsageError`` names the one that is wrong, where ``place`` says it stands."""
    kind = discovery.load(FAMILY, task).TASK
    shape = _shape(kind)
    known = {one.name: one for one in fields(shape)}
    given = {name.replace("-", "_"): value for name, value in goal.settings.items()}
    for name, own in zip(goal.settings, given, strict=True):
        if own not in known:
            raise UsageError(f"task {task} has no setting {name!r}", where=place("settings", name),
                             do=near(name, known) or f"use one of: {', '.join(key.replace('_', '-') for key in known)}")
    given = _targets(goal, known, place) | given
    try:
        settings = msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at ")
        raise UsageError(wanted(what), where=place("settings", *re.findall(r"[\w-]+", at)[:1]),
                         do="mend that setting") from None
    made: Learning = settings if shape is kind else kind(settings)
    return made


def _targets(goal: Goal, known: Iterable[str], place: Place) -> dict[str, Any]:
    """The predicted tags for a task that wants them among its settings."""
    if not goal.predict:
        return {}
    if "target" in known and len(goal.predict) > 1:
        raise UsageError(f"{len(goal.predict)} tags where the task predicts one", where=place("predict"),
                         do="name one, and give the others a project folder each")
    return {name: value for name, value in (("targets", goal.predict), ("target", goal.predict[0])) if name in known}


def _shape(kind: Any) -> Any:
    """The dataclass that holds a task's settings: its class itself, or what its ``settings`` are."""
    if is_dataclass(kind):
        return kind
    named = get_type_hints(kind.__init__).get("settings") if "settings" in inspect.signature(kind).parameters else None
    if named is None or not is_dataclass(named):
        raise UsageError(f"{kind.__name__} names no settings", where=FAMILY,
                         do="make the task a dataclass, or give it one as `settings`")
    return named
