"""Statements of one unit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from lineshaft.plc import syntax as s
from lineshaft.plc import typed as t
from lineshaft.plc.check_call import Calls, is_shared
from lineshaft.plc.datatypes import BOOL, Block, Elementary, Enumeration, family
from lineshaft.plc.errors import wrong
from lineshaft.plc.tree import MOST_LOOPS


class Statements(Calls):
    """``loops`` counts the loops around, for EXIT and CONTINUE."""

    loops = 0

    def body(self, statements: s.Body) -> t.Body:
        return tuple(_CHECKS[type(one)](self, one) for one in statements)

    def assign(self, e: s.Assign) -> t.Statement:
        place = self.target(e.target)
        if isinstance(place.type, Block):
            raise wrong(e.at, f"{e.target.name} is an instance of a block and can't be assigned")
        if isinstance(e.value, s.Call):
            value = self.function(e.value, place.type)
            if isinstance(value, t.Invoke) and (value.outputs or not all(is_shared(p.type) for p in value.shared)):
                if value.type is None:
                    raise wrong(e.at, f"function {e.value.callee.name} gives no value")
                if value.type != place.type:
                    raise wrong(e.at, f"{value.type} does not become {place.type} in a call that also writes variables")
                return t.Do(value, place)
        return t.Store(place, self.fit(self.expression(e.value, place.type), place.type, e.value.at), e.at)

    def call(self, e: s.Call) -> t.Statement:
        if e.callee.steps or e.callee.name.lower() in self.variables:
            return self.run(e)
        found = self.function(e)
        if not isinstance(found, t.Invoke):
            raise wrong(e.at, f"the value of {e.callee.name} goes nowhere")
        return t.Do(found, None)

    def condition(self, e: s.Expression) -> t.Expression:
        found = self.expression(e)
        if found.type != BOOL:
            raise wrong(e.at, f"a condition is BOOL, not {found.type or 'a number'}")
        return found

    def if_(self, e: s.If) -> t.If:
        return t.If(tuple((self.condition(c), self.body(b)) for c, b in e.arms), self.body(e.otherwise))

    def case(self, e: s.Case) -> t.Case:
        subject = self.expression(e.subject)
        kind = subject.type
        if kind is None or not (isinstance(kind, Enumeration) or family(kind) in ("signed", "unsigned", "bits")):
            raise wrong(e.subject.at, f"CASE takes a whole number or an enumeration, not {kind or 'a literal'}")
        taken: list[tuple[int, int]] = []
        arms = []
        for labels, body in e.arms:
            ranges = tuple(self._label(label, subject, taken) for label in labels)
            arms.append((ranges, self.body(body)))
        return t.Case(subject, tuple(arms), self.body(e.otherwise))

    def _label(self, label: s.Label, subject: t.Expression, taken: list[tuple[int, int]]) -> tuple[int, int]:
        kind = subject.type
        first = int(self.constant(label.first, kind))
        last = first if label.last is None else int(self.constant(label.last, kind))
        if first > last:
            raise wrong(label.at, f"the range {first}..{last} is empty")
        place = bisect_left(taken, (first, last))
        if any(first <= high and low <= last for low, high in taken[max(place - 1, 0):place + 1]):
            raise wrong(label.at, f"the label {first if first == last else f'{first}..{last}'} is taken already")
        taken.insert(place, (first, last))
        return first, last

    def for_(self, e: s.For) -> t.For:
        place = self.target(e.variable)
        kind = place.type
        if place.steps or place.home == "global" or not isinstance(kind, Elementary) \
                or kind.family not in ("signed", "unsigned"):
            raise wrong(e.variable.at, "a FOR loop is counted by a whole number that is declared in this unit")
        first, last = (self.fit(self.expression(x), kind, x.at) for x in (e.first, e.last))
        step = 1 if e.step is None else self.whole(e.step)
        if step == 0:
            raise wrong(e.at, "a FOR loop BY 0 has no end")
        self.busy.append(place.name)
        body = self._looped(e.body, e)
        self.busy.pop()
        return t.For(place, first, last, step, body, e.at)

    def loop(self, e: s.Loop) -> t.Loop:
        return t.Loop(self.condition(e.condition), self._looped(e.body, e), e.until, e.at)

    def _looped(self, body: s.Body, e: s.For | s.Loop) -> t.Body:
        self.loops += 1
        if self.loops > MOST_LOOPS:
            raise wrong(e.at, f"loops are nested more than {MOST_LOOPS} deep", "put the inner ones into a function")
        found = self.body(body)
        self.loops -= 1
        return found

    def jump(self, e: s.Jump) -> t.Jump:
        if e.kind != "RETURN" and not self.loops:
            raise wrong(e.at, f"{e.kind} stands outside a loop")
        return t.Jump(e.kind)


_CHECKS: dict[type, Callable[[Statements, Any], t.Statement]] = {
    s.Assign: Statements.assign, s.Call: Statements.call, s.If: Statements.if_, s.Case: Statements.case,
    s.For: Statements.for_, s.Loop: Statements.loop, s.Jump: Statements.jump}


