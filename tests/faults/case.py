"""What a fault case is: something is broken on purpose, and invariants are checked after it."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

INVARIANTS = {
    1: "a sample that the historian acknowledged is readable after any fault, once, unchanged",
    2: "a decision names its bundle, its inputs and their quality, and equals the golden semantics for them",
    3: "health tells the truth within two periods",
    4: "the loop never blocks on anything but its own tick",
    5: "alarm states survive",
    6: "nothing unsigned, changed, older or unfit runs",
    7: "recovery needs no person unless the message says exactly what to do",
    8: "memory and disk stay bounded",
}


class NotHere(Exception):
    """This machine does not allow the fault to be injected; says what it lacks."""


class NotInstalled(NotHere):
    """What it lacks is a package: whoever runs all of the tests has to install it."""


@dataclass(frozen=True, slots=True)
class Injection:
    """One run of a case: all chance comes from ``chance`` (of ``seed``), all files lie in ``folder``."""

    seed: int
    folder: Path
    chance: random.Random


@dataclass(frozen=True, slots=True)
class Outcome:
    """``injected`` faults; what was ``lost`` and ``doubled`` (samples or decisions) and said untruly (``lies``).

    ``recovery_s`` has the seconds from each fault's end until all was well again, where there is such a time.
    """

    injected: int = 1
    lost: int = 0
    doubled: int = 0
    lies: tuple[str, ...] = ()
    recovery_s: tuple[float, ...] = ()

    @property
    def survived(self) -> bool:
        """Nothing lost, doubled or untrue."""
        return not (self.lost or self.doubled or self.lies)


@dataclass(frozen=True, slots=True)
class Case:
    """``times`` seeds in ``make faults``, the first ``quick`` of them in ``make test`` (0: none)."""

    group: str
    name: str
    says: str
    invariants: tuple[int, ...]
    times: int
    quick: int
    run: Callable[[Injection], Outcome]

    def inject(self, seed: int, folder: Path) -> Outcome:
        """Run it once; an AssertionError is an invariant that did not hold, ``NotHere`` that it can't be tried."""
        return self.run(Injection(seed, folder, random.Random(f"{self.name} {seed}")))


def case(*invariants: int, times: int, quick: int = 1
         ) -> Callable[[Callable[[Injection], Outcome]], Callable[[Injection], Outcome]]:
    """Makes a function of ``tests/faults/cases/<group>_<subject>.py`` a case; its docstring is what the table says."""
    unknown = set(invariants) - set(INVARIANTS)
    if unknown or not invariants:
        raise ValueError(f"a case names the invariants that it checks, of {list(INVARIANTS)}")

    def mark(run: Callable[[Injection], Outcome]) -> Callable[[Injection], Outcome]:
        group = run.__module__.rpartition(".")[2].partition("_")[0]
        says = " ".join((run.__doc__ or "").split()).rstrip(".")
        _FOUND[run.__name__] = Case(group, run.__name__, says, invariants, times, quick, run)
        return run

    return mark


_FOUND: dict[str, Case] = {}


def cases(only: str = "") -> Iterator[Case]:
    """All cases whose group and name hold ``only``, in the order of their files."""
    folder = Path(__file__).with_name("cases")
    for module in sorted(one.name for one in pkgutil.iter_modules([str(folder)])):
        importlib.import_module(f"tests.faults.cases.{module}")
    yield from (one for one in _FOUND.values() if only in f"{one.group} {one.name}")
