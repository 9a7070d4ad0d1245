"""A process that is told at which step to die: ``kill -9`` of itself before or after a call."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

Death = Callable[[], None]
"""Arms the process; it dies when the step comes."""


def die() -> None:
    """As a power cut would: no ``finally``, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: object, name: str, turn: int = 1) -> Death:
    """At the ``turn``-th call of ``name``, a function of a module or a class, in its place."""
    return lambda: _arm(owner, name, turn, done=False)


def after(owner: object, name: str, turn: int = 1) -> Death:
    """When the ``turn``-th call of it has returned."""
    return lambda: _arm(owner, name, turn, done=True)


def _arm(owner: object, name: str, turn: int, *, done: bool) -> None:
    found, calls = vars(owner)[name], count(1)
    call = found.__func__ if isinstance(found, staticmethod) else found

    def called(*given: Any, **named: Any) -> Any:
        last = next(calls) == turn
        if last and not done:
            die()
        result = call(*given, **named)
        if last:
            die()
        return result

    setattr(owner, name, staticmethod(called) if isinstance(found, staticmethod) else called)
