"""A process of a whole system that dies at a step of its own, although somebody else starts it.

``environment`` is for whoever starts it (``lineshaft run`` hands it on to its node). The first process whose words are
the step's takes the order file away, so that the one that follows it lives.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests import dying


@dataclass(frozen=True, slots=True)
class Step:
    """``kill -9`` before or after (``done``) the ``turn``-th call of ``name`` in ``owner`` (``module`` or
    ``module:class``), in the process that has these ``words``; counted from the first call of ``since``, if that is
    given."""

    words: tuple[str, ...]
    owner: str
    name: str
    turn: int = 1
    done: bool = False
    since: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{'after' if self.done else 'before'} {self.owner}.{self.name}" + (" once taken" if self.since else "")


def environment(step: Step, order: Path) -> Mapping[str, str]:
    """Writes the order; what a process must find in its environment to obey it."""
    order.write_text(json.dumps([step.words, step.owner, step.name, step.turn, step.done, step.since]), "utf-8")
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(root / "tests" / "faults" / "doom"), str(root), os.environ.get("PYTHONPATH", "")])
    return {"LINESHAFT_DIES": str(order), "PYTHONPATH": path.rstrip(os.pathsep)}


def arm(order: str) -> None:
    """Called when Python starts."""
    try:
        words, owner, name, turn, done, since = json.loads(Path(order).read_text("utf-8"))
    except FileNotFoundError:
        return
    if not set(words) <= set(sys.orig_argv):
        return
    Path(order).unlink()
    death = (dying.after if done else dying.before)(_found(owner), name, turn)
    if since is None:
        death()
    else:
        _when_called(_found(since[0]), since[1], death)


def _found(owner: str) -> object:
    module, _, kind = owner.partition(":")
    found = import_module(module)
    return getattr(found, kind) if kind else found


def _when_called(owner: object, name: str, death: dying.Death) -> None:
    call = vars(owner)[name]

    def called(*given: object, **named: object) -> object:
        setattr(owner, name, call)
        death()
        return call(*given, **named)

    setattr(owner, name, called)
