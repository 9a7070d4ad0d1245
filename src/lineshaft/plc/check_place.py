"""Places: a name with its fields and indices, and who may write there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from lineshaft.plc import syntax as s
from lineshaft.plc import typed as t
from lineshaft.plc.datatypes import LREAL, Array, Block, Structure, Type, family
from lineshaft.plc.errors import At, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping


class Places(ABC):
    """Looks places up among the variables of one unit. ``busy`` are the variables of the FOR loops around."""

    def __init__(self, names: t.Names, variables: Mapping[str, t.Variable], unit: str = "") -> None:
        self.names, self.variables, self.unit = names, variables, unit
        self.busy: list[str] = []

    @abstractmethod
    def expression(self, e: s.Expression, wanted: Type | None = None) -> t.Expression:
        """An index, typed."""

    @abstractmethod
    def fit(self, value: t.Expression, kind: Type, at: At) -> t.Expression:
        """A value where this type is wanted."""

    def variable(self, name: str, at: At) -> t.Variable:
        found = self.variables.get(name.lower())
        if found is None:
            shared = name.lower() in self.names.globals
            raise wrong(at, f"unknown name {name!r}",
                        "declare it here as VAR_EXTERNAL" if shared else "declare it, or correct its spelling")
        return found

    def place(self, e: s.Variable) -> t.Place:
        variable = self.variable(e.name, e.at)
        kind, steps = variable.type, []
        for step in e.steps:
            one, kind = self._field(step, kind) if isinstance(step, s.Field) else self._index(step, kind)
            steps.append(one)
        return t.Place(variable.home, variable.name, tuple(steps), kind, e.at)

    def _field(self, step: s.Field, kind: Type) -> tuple[t.Member, Type]:
        name = step.name.lower()
        if isinstance(kind, Structure):
            fields = self.names.fields(kind)
            if name not in fields:
                raise wrong(step.at, f"{kind} has no field {step.name!r}", f"use one of: {', '.join(fields)}")
            return t.Member(name), fields[name][0]
        if not isinstance(kind, Block):
            raise wrong(step.at, f"{kind} has no fields")
        unit = self.names.units[kind.name]
        variable = unit.variables.get(name)
        if variable is None or variable.kind not in ("VAR_INPUT", "VAR_OUTPUT"):
            raise wrong(step.at, f"{kind} has no input or output {step.name!r}",
                        f"use one of: {', '.join(v.name for v in unit.of('VAR_INPUT', 'VAR_OUTPUT'))}")
        return t.Member(name), variable.type

    def _index(self, step: s.Index, kind: Type) -> tuple[t.Element, Type]:
        if not isinstance(kind, Array):
            raise wrong(step.at, f"{kind} has no elements")
        if len(step.places) != len(kind.bounds):
            raise wrong(step.at, f"{kind} has {len(kind.bounds)} dimensions, and {len(step.places)} indices stand here")
        indices = tuple(self._subscript(e, bounds) for e, bounds in zip(step.places, kind.bounds, strict=True))
        return t.Element(indices, kind.bounds, step.at), kind.of

    def _subscript(self, e: s.Expression, bounds: tuple[int, int]) -> t.Expression:
        index = self.expression(e)
        known = isinstance(index, t.Const) and isinstance(index.value, int)
        if not (known and index.type is None) and family(index.type or LREAL) not in ("signed", "unsigned"):
            raise wrong(e.at, f"an index is a whole number, not {index.type or LREAL}")
        if isinstance(index, t.Const) and not bounds[0] <= index.value <= bounds[1]:
            raise wrong(e.at, f"index {index.value} is outside {bounds[0]}..{bounds[1]}")
        return index

    def target(self, e: s.Variable) -> t.Place:
        """A place that may be written."""
        variable = self.variable(e.name, e.at)
        place = self.place(e)
        if variable.constant:
            raise wrong(e.at, f"{e.name} is CONSTANT and can't be assigned")
        if variable.kind == "VAR_INPUT":
            raise wrong(e.at, f"{e.name} is an input and can't be assigned here")
        if variable.name in self.busy and not e.steps:
            raise wrong(e.at, f"{e.name} counts a FOR loop and can't be changed inside it")
        self._no_foreign_output(e, variable.type, place)
        return place

    def _no_foreign_output(self, e: s.Variable, kind: Type, place: t.Place) -> None:
        """An instance's outputs are read from outside, and only its inputs written."""
        for step, one in zip(e.steps, place.steps, strict=True):
            if isinstance(one, t.Element):
                assert isinstance(kind, Array)
                kind = kind.of
            elif isinstance(kind, Structure):
                kind = self.names.fields(kind)[one.name][0]
            elif isinstance(kind, Block):
                variable = self.names.units[kind.name].variables[one.name]
                if variable.kind == "VAR_OUTPUT":
                    raise wrong(step.at, f"{one.name} is an output of {kind} and can't be assigned")
                kind = variable.type
