"""The scan cycle: inputs in, one run of the program, outputs out; instances keep their state between scans."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.plc import typed as t
from lineshaft.plc.compile import Program
from lineshaft.plc.errors import Fault
from lineshaft.plc.runtime import Record
from lineshaft.plc.values import from_python, loaded, retain, saved, to_python

ROUNDS = 10_000_000


class Plc:
    """One instance of a program (or of a function block) and its shared variables.

    ``rounds`` is the watchdog: how many rounds all loops of one scan may make. After a ``Fault`` the controller stands
    until ``restart``.
    """

    def __init__(self, program: Program, unit: str = "", *, rounds: int = ROUNDS) -> None:
        self.program, self.rounds = program, rounds
        self._unit = _root(program, unit)
        self._run = program.runs[self._unit.name]
        self._instance: Record = program.records.instance(self._unit, {})
        self._shared: Any = program.records.shared()
        self._fault: Fault | None = None

    @property
    def now_ns(self) -> int:
        """The time of the newest scan, from 0 at the start."""
        return int(self._shared.v___now)

    def scan(self, dt_ns: int = 0) -> None:
        """One cycle, ``dt_ns`` after the one before. Raises ``Fault``."""
        if self._fault is not None:
            raise self._fault
        if dt_ns < 0:
            raise ValueError("time does not run backwards")
        self._shared.v___now += dt_ns
        self._shared.left = self.rounds
        try:
            with np.errstate(all="ignore"):
                self._run(self._instance, self._shared)
        except Fault as fault:
            name = self.program.name
            self._fault = Fault(fault.what, where=f"{name}:{fault.where}" if name else fault.where, do=fault.do)
            raise self._fault from None
        except RecursionError:
            self._fault = Fault("calls are nested too deeply", where=self._unit.name)
            raise self._fault from None

    def write(self, name: str, value: Any) -> None:
        """Set an input or a shared variable: a number, truth or text, or nested lists or an array for an ARRAY."""
        variable = self._variable(name)
        if variable.kind not in ("VAR_INPUT", "VAR_GLOBAL"):
            raise UsageError(f"{name} is no input of {self._unit.name}", do="use force for other variables")
        self.force(name, value)

    def force(self, name: str, value: Any) -> None:
        """Set any variable, for tests and to continue from a known state."""
        variable = self._variable(name)
        holder = self._shared if variable.home == "global" else self._instance
        setattr(holder, f"v_{variable.name}", from_python(value, variable.type, name, self.program.names))

    def read(self, name: str) -> Any:
        """A variable's value: arrays of numbers as NumPy arrays, structures as dicts; ``a.b`` reads a field."""
        first, *fields = name.lower().split(".")
        variable = self._variable(first)
        if variable.constant and not isinstance(variable.initial, list | dict):
            return to_python(variable.initial, variable.type, self.program.names)
        holder = self._shared if variable.home == "global" else self._instance
        value = to_python(getattr(holder, f"v_{variable.name}"), variable.type, self.program.names)
        for field in fields:
            if not isinstance(value, dict) or field not in value:
                raise UsageError(f"{name} is not known",
                                 do=f"{first} has {', '.join(value)}" if isinstance(value, dict) else "")
            value = value[field]
        return value

    def restart(self, *, warm: bool = False) -> None:
        """Initial values again; a warm restart keeps what is RETAIN. Clears a fault."""
        before = (self._instance, self._shared)
        self._instance, self._shared = self.program.records.instance(self._unit, {}), self.program.records.shared()
        self._fault = None
        if not warm:
            return
        names = self.program.names
        for old, new, variables in zip(before, (self._instance, self._shared),
                                       (self._unit.variables, names.globals), strict=True):
            retain(old, new, variables, names)

    def state(self) -> dict[str, Any]:
        """Everything that is kept between scans, as plain values; ``restore`` takes it back."""
        return {"instance": saved(self._instance), "shared": saved(self._shared)}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from ``state()`` of the same program."""
        loaded(self._instance, state["instance"])
        loaded(self._shared, state["shared"])
        self._fault = None

    def _variable(self, name: str) -> t.Variable:
        lower = name.lower()
        found = self._unit.variables.get(lower) or self.program.names.globals.get(lower)
        if found is None or found.home == "local":
            raise UsageError(f"{self._unit.name} has no variable {name!r}",
                             do=f"use one of: {', '.join(v.name for v in self._unit.variables.values())}")
        return found


def _root(program: Program, name: str) -> t.Unit:
    units = program.names.units
    if name:
        found = units.get(name.lower())
        if found is None or found.kind == "FUNCTION":
            raise UsageError(f"no program or block is called {name!r}")
    else:
        programs = [u for u in units.values() if u.kind == "PROGRAM"]
        if len(programs) != 1:
            raise UsageError(f"the text has {len(programs)} programs", do="name the unit that is to run")
        found = programs[0]
    if found.of("VAR_IN_OUT"):
        raise UsageError(f"{found.name} has VAR_IN_OUT", do="call it from a program that owns these variables")
    return found
