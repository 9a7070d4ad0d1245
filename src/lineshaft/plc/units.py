"""Checked units to Python source: one function each, variables of an instance kept in local names while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineshaft.plc import typed as t
from lineshaft.plc.check_call import is_shared
from lineshaft.plc.datatypes import Block, Type, family
from lineshaft.plc.errors import At
from lineshaft.plc.expressions import Expressions, wrapped

_LEAVE = "\0leave"


class Units(Expressions):
    """Prints unit after unit; ``make`` builds the value of a variable from its initial one.

    Scalars of an instance are read once at the start and written back at the end, which is seen by nobody: no unit
    runs twice at a time. Only where an instance is shared by all (``careful``) its variables are always read anew.
    """

    def __init__(self, names: t.Names, make: Callable[[Type, Any], Any], *, checked: bool) -> None:
        super().__init__(checked=checked)
        self._names_of_text, self._make = names, make
        self._careful = any(isinstance(v.type, Block) for v in names.globals.values())
        self._unit = t.Unit("", "", None, {}, At(1, 1))
        self._lines: list[str] = []
        self._depth = 1
        self._read: set[str] = set()
        self._written: set[str] = set()

    def unit(self, unit: t.Unit) -> str:
        """The Python function of one unit."""
        self._unit, self._lines, self._depth = unit, [], 1
        self._read, self._written = set(), set()
        self.intervals = {}
        self.block(unit.body)
        body, self._lines = self._lines, []
        head = self._function_head() if unit.kind == "FUNCTION" else [f"def b_{unit.name}(s, g):"]
        head += [f" v_{name} = s.v_{name}" for name in sorted(self._read)]
        head += [f" v_{v.name} = {self._start(v)}" for v in unit.variables.values() if self._begins_anew(v)]
        leave = [f"s.v_{name} = v_{name}" for name in sorted(self._written)] + [f"return{self._result()}"]
        lines = [*head, *body, " " + _LEAVE]
        return "\n".join(found for line in lines for found in _left(line, leave))

    def _function_head(self) -> list[str]:
        inputs = self._unit.of("VAR_INPUT")
        head = [f"def f_{self._unit.name}({', '.join(['g', *(f'v_{v.name}' for v in (*inputs, *self._shared()))])}):"]
        if self._unit.of("VAR_IN_OUT", "VAR_EXTERNAL", "VAR_GLOBAL"):  # only then somebody could change them meanwhile
            head += [f" v_{v.name} = copied(v_{v.name})" for v in inputs if is_shared(v.type)]
        return head

    def _shared(self) -> list[t.Variable]:
        return self._unit.of("VAR_IN_OUT")

    def _begins_anew(self, v: t.Variable) -> bool:
        return v.home == "local" and v.kind not in ("VAR_INPUT", "VAR_IN_OUT") and not (
            v.constant and not isinstance(v.initial, list | dict))

    def _start(self, v: t.Variable) -> str:
        if is_shared(v.type):
            return f"copied({self.constant(self._make(v.type, v.initial), f'{self._unit.name}.{v.name}')})"
        return self.const(t.Const(v.initial, v.type))

    def _result(self) -> str:
        if self._unit.kind != "FUNCTION":
            return ""
        names = [f"v_{self._unit.name}" if self._unit.result is not None else "None", *self._beside(self._unit)]
        return f" {names[0]}" if len(names) == 1 else f" ({', '.join(names)})"

    def _beside(self, unit: t.Unit) -> list[str]:
        """What a function returns beside its result."""
        return [f"v_{v.name}" for v in unit.of("VAR_OUTPUT")] + [
            f"v_{v.name}" for v in unit.of("VAR_IN_OUT") if not is_shared(v.type)]

    # -- names

    def root(self, place: t.Place) -> str:
        name = place.name
        if place.home == "constant":
            variable = self._unit.variables[name]
            key = f"{'global' if variable.kind == 'VAR_GLOBAL' else self._unit.name}.{name}"
            return self.constant(self._make(variable.type, variable.initial), key)
        if place.home == "global":
            return f"g.v_{name}"
        if place.home == "self":
            if self._careful:
                return f"s.v_{name}"
            self._read.add(name)
        return f"v_{name}"

    def _target(self, place: t.Place) -> str:
        if place.home == "self" and not place.steps and not self._careful:
            self._written.add(place.name)
        return self.place(place)

    def _pinned(self, place: t.Place) -> str:
        """A place whose indices are evaluated once, now."""
        if not place.steps or is_shared(place.type):
            return self._target(place)
        whole, last = self.fresh(), place.steps[-1]
        self.line(f"{whole} = {self.place(t.Place(place.home, place.name, place.steps[:-1], place.type, place.at))}")
        if isinstance(last, t.Member):
            return f"{whole}.v_{last.name}"
        index = self.fresh()
        self.line(f"{index} = {self.offset(last)}")
        return f"{whole}[{index}]"

    # -- statements

    def line(self, text: str) -> None:
        self._lines.append(" " * self._depth + text)

    def block(self, body: t.Body) -> None:
        for one in body:
            _STATEMENTS[type(one)](self, one)

    def inner(self, body: t.Body) -> None:
        self._depth += 1
        before = len(self._lines)
        self.block(body)
        if len(self._lines) == before:
            self.line("pass")
        self._depth -= 1

    def put(self, target: str, value: str, kind: Type) -> None:
        self.line(f"copy_into({target}, {value})" if is_shared(kind) else f"{target} = {value}")

    def store(self, e: t.Store) -> None:
        self.put(self._target(e.place), self.stored(e.value, e.place.type, str(e.at)), e.place.type)

    def invoke(self, e: t.Invoke) -> str:
        return self._call(e, [self.place(p) for p in e.shared]) + (
            "[0]" if self._beside(self._names_of_text.units[e.unit]) else "")

    def _call(self, e: t.Invoke, shared: list[str]) -> str:
        parameters = self._names_of_text.units[e.unit].of("VAR_INPUT")
        inputs = [self._given(value, v) for value, v in zip(e.inputs, parameters, strict=True)]
        return f"f_{e.unit}({', '.join(['g', *inputs, *shared])})"

    def _given(self, value: t.Expression, v: t.Variable) -> str:
        if isinstance(value, t.Const) and is_shared(v.type):
            return self.constant(self._make(v.type, value.value), f"input {self._unit.name} {v.name} {id(value)}")
        return self.stored(value, v.type, str(v.at))

    def do(self, e: t.Do) -> None:
        unit = self._names_of_text.units[e.call.unit]
        shared = [self._pinned(p) for p in e.call.shared]
        result = self.fresh()
        self.line(f"{result} = {self._call(e.call, shared)}")
        beside = self._beside(unit)
        if e.target is not None:
            self.put(self._target(e.target), f"{result}[0]" if beside else result, e.target.type)
        for name, place, inverted in e.call.outputs:
            found = f"{result}[{beside.index(f'v_{name}') + 1}]"
            self.put(self._target(place), f"not {found}" if inverted else self._cut(found, place.type), place.type)
        for variable, place_text in zip(unit.of("VAR_IN_OUT"), shared, strict=True):
            if not is_shared(variable.type):
                self.line(f"{place_text} = {result}[{beside.index(f'v_{variable.name}') + 1}]")

    def run(self, e: t.Run) -> None:
        unit, instance = self._names_of_text.units[e.unit], self.fresh()
        self.line(f"{instance} = {self.place(e.instance)}")
        for name, value in e.inputs:
            kind = unit.variables[name].type
            self.put(f"{instance}.v_{name}", self.stored(value, kind, str(e.at)), kind)
        shared = [(name, place, self._pinned(place)) for name, place in e.shared]
        for name, _, text in shared:
            self.line(f"{instance}.v_{name} = {text}")
        self.line(f"b_{unit.name}({instance}, g)")
        for name, place, text in shared:
            if not is_shared(place.type):
                self.line(f"{text} = {instance}.v_{name}")
        for name, place, inverted in e.outputs:
            found = f"{instance}.v_{name}"
            self.put(self._target(place), f"not {found}" if inverted else self._cut(found, place.type), place.type)

    def _cut(self, text: str, kind: Type) -> str:
        return f"{text}[:{getattr(kind, 'length', 80)}]" if family(kind) == "string" else text

    def if_(self, e: t.If) -> None:
        for place, (condition, body) in enumerate(e.arms):
            self.line(f"{'elif' if place else 'if'} {self.text(condition)}:")
            self.inner(body)
        if e.otherwise:
            self.line("else:")
            self.inner(e.otherwise)

    def case(self, e: t.Case) -> None:
        subject = self.fresh()
        self.line(f"{subject} = {self.text(e.subject)}")
        for place, (ranges, body) in enumerate(e.arms):
            tests = [f"{subject} == {low}" if low == high else f"{low} <= {subject} <= {high}" for low, high in ranges]
            self.line(f"{'elif' if place else 'if'} {' or '.join(tests)}:")
            self.inner(body)
        if e.otherwise and not e.arms:
            self.block(e.otherwise)
        elif e.otherwise:
            self.line("else:")
            self.inner(e.otherwise)

    def for_(self, e: t.For) -> None:
        variable, rounds = self._target(e.place), self.fresh()
        (low, first_high), (last_low, high) = self.interval(e.first), self.interval(e.last)
        beyond = "+ 1" if e.step > 0 else "- 1"
        self.line(f"{rounds} = range({self.text(e.first)}, {self.text(e.last)} {beyond}, {e.step})")
        early = leaves(e.body)
        if not early:
            self.budget(f"rounds({rounds})", e)
        self.line(f"for {variable} in {rounds}:")
        self.intervals[e.place.name] = (low, high) if e.step > 0 else (last_low, first_high)
        self._depth += 1
        if early:
            self.budget("1", e)
        self.line("pass") if not early and not e.body else self.block(e.body)
        self._depth -= 1
        del self.intervals[e.place.name]
        self.line("else:")
        self.line(f" {variable} = {wrapped(f'{rounds}.start + rounds({rounds}) * {e.step}', e.place.type)}")

    def loop(self, e: t.Loop) -> None:
        if not e.until:
            self.line(f"while {self.text(e.condition)}:")
            self._depth += 1
            self.budget("1", e)
        else:  # CONTINUE has to reach the condition, so the loop is Python's while
            again = self.fresh()
            self.line(f"{again} = False")
            self.line(f"while not ({again} and {self.text(e.condition)}):")
            self._depth += 1
            self.line(f"{again} = True")
            self.budget("1", e)
        self.block(e.body)
        self._depth -= 1

    def budget(self, rounds: str, e: t.For | t.Loop) -> None:
        self.line(f"g.left -= {rounds}")
        self.line(f"if g.left < 0: endless({str(e.at)!r})")

    def jump(self, e: t.Jump) -> None:
        self.line({"EXIT": "break", "CONTINUE": "continue", "RETURN": _LEAVE}[e.kind])


_STATEMENTS: dict[type, Callable[[Units, Any], None]] = {
    t.Store: Units.store, t.Run: Units.run, t.Do: Units.do, t.If: Units.if_, t.Case: Units.case, t.For: Units.for_,
    t.Loop: Units.loop, t.Jump: Units.jump}


def leaves(body: t.Body) -> bool:
    """Whether a loop may end before its last round."""
    for one in body:
        if isinstance(one, t.Jump) and one.kind != "CONTINUE":
            return True
        if isinstance(one, t.If | t.Case) and (any(leaves(arm[1]) for arm in one.arms) or leaves(one.otherwise)):
            return True
        if isinstance(one, t.For | t.Loop) and leaves(one.body):
            return True
    return False


def _left(line: str, leave: list[str]) -> list[str]:
    text = line.lstrip(" ")
    return [line[:len(line) - len(text)] + one for one in leave] if text == _LEAVE else [line]
