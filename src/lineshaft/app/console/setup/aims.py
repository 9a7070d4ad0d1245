"""What a project can be for, and what each task must be told: found by looking at the tasks that there are."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.app.examples import WAYS, Way
from lineshaft.app.goal import defaults, tasks


@dataclass(frozen=True, slots=True)
class Aim:
    """A task; ``takes`` and ``needs`` are keys of the file, ``ahead`` the periods ahead that it says by default."""

    name: str
    takes: tuple[str, ...]
    needs: tuple[str, ...]
    ahead: tuple[int, ...] = ()


def aims() -> list[Aim]:
    """Every task, ``monitor`` first."""
    found = ((name, WAYS.get(name, Way())) for name in tasks())
    return [Aim(name, tuple(sorted(way.takes)), tuple(sorted(way.needs)), tuple(defaults(name).get("ahead", ())))
            for name, way in found]
