"""Expressions: names looked up, types agreed, conversions put where the standard makes them by itself."""

from __future__ import annotations

from typing import Any

from lineshaft.plc import syntax as s
from lineshaft.plc import typed as t
from lineshaft.plc.check_literal import folded, in_range, is_constant, literal_as, near, settled, type_of_value
from lineshaft.plc.check_place import Places
from lineshaft.plc.datatypes import (
    BOOL,
    ELEMENTARY,
    LREAL,
    Elementary,
    Enumeration,
    Type,
    common,
    family,
    in_group,
    plain,
    widens,
)
from lineshaft.plc.errors import At, Fault, wrong
from lineshaft.plc.expressions import evaluate


class Checker(Places):
    """Checks expressions against the names of one unit; calls are checked by the class below (check_call)."""

    def expression(self, e: s.Expression, wanted: Type | None = None) -> t.Expression:
        """``wanted`` is the type of the place that the value goes to: only calls and powers of literals ask."""
        if isinstance(e, s.Group):
            return self.expression(e.inner, wanted)
        if isinstance(e, s.Literal):
            return self.literal(e)
        if isinstance(e, s.Variable):
            return self.named(e)
        if isinstance(e, s.Unary):
            return self.unary(e, wanted)
        if isinstance(e, s.Binary):
            return self.binary(e, wanted)
        return self.call_value(e, wanted)

    def call_value(self, e: s.Call, wanted: Type | None) -> t.Expression:
        raise wrong(e.at, "a call stands where a constant is needed")

    # -- leaves

    def literal(self, e: s.Literal) -> t.Const:
        if e.kind in ("INTEGER", "DECIMAL"):
            return t.Const(e.value, None)
        if e.kind == "ENUM":
            prefix, value = e.value
            return self.enumerated(prefix, value, e.at)
        kind = ELEMENTARY[e.kind]
        if kind.family in ("bool", "time", "string"):
            return t.Const(in_range(bool(e.value) if kind is BOOL else e.value, kind, e.at), kind)
        return literal_as(e.value, kind, e.at)

    def named(self, e: s.Variable) -> t.Expression:
        name = e.name.lower()
        if name not in self.variables and not e.steps and name in self.names.enumerations:
            kind, value = self.names.enumerations[name]
            return t.Const(value, kind)
        declared = self.names.types.get(name)
        if name not in self.variables and isinstance(declared, Enumeration) and len(e.steps) == 1 \
                and isinstance(e.steps[0], s.Field):
            return self.enumerated(e.name, e.steps[0].name, e.at)
        variable = self.variable(e.name, e.at)
        if variable.constant and not e.steps and not isinstance(variable.initial, list | dict):
            return t.Const(variable.initial, plain(variable.type))
        place = self.place(e)
        return t.Load(place, plain(place.type))

    def enumerated(self, kind: str, value: str, at: At) -> t.Const:
        found = self.names.types.get(kind.lower())
        if not isinstance(found, Enumeration):
            raise wrong(at, f"{kind} is no enumeration")
        for name, number in found.values:
            if name.lower() == value.lower():
                return t.Const(number, found)
        raise wrong(at, f"{kind} has no value {value}", f"use one of: {', '.join(name for name, _ in found.values)}")

    # -- operators

    def unary(self, e: s.Unary, wanted: Type | None) -> t.Expression:
        operand = self.expression(e.operand, wanted)
        if isinstance(operand, t.Const) and operand.type is None and e.operator != "NOT":
            return t.Const(-operand.value if e.operator == "-" else operand.value, None)
        operand = settled(operand)
        kind = type_of_value(operand)
        needed = "ANY_BIT" if e.operator == "NOT" else "ANY_MAGNITUDE"
        if not in_group(kind, needed) or (e.operator == "-" and family(kind) == "unsigned"):
            raise wrong(e.at, f"{e.operator} can't be applied to {kind}")
        return operand if e.operator == "+" else t.Unary(e.operator, operand, kind)

    def binary(self, e: s.Binary, wanted: Type | None) -> t.Expression:
        inner = wanted if e.operator in ("+", "-", "*", "/", "**") else None
        left = self.expression(e.left, inner)
        if e.operator == "**" and family(wanted or BOOL) == "real" and isinstance(left, t.Const) and left.type is None:
            left = self.fit(left, wanted or LREAL, e.at)
        return self.operate(e.operator, left, self.expression(e.right, inner), e.at)

    def operate(self, operator: str, left: t.Expression, right: t.Expression, at: At) -> t.Expression:
        """``left operator right`` for checked operands."""
        if operator in ("+", "-", "*", "/", "MOD"):
            return self._arithmetic(operator, left, right, at)
        if operator == "**":
            return self._power(left, right, at)
        both = self.agree(left, right, at, operator)
        kind = type_of_value(both[0])
        if operator in ("AND", "OR", "XOR"):
            if not in_group(kind, "ANY_BIT"):
                raise wrong(at, f"{operator} is for BOOL and bit strings, not for {kind}")
            return t.Binary(operator, *both, kind, at)
        if isinstance(kind, Enumeration) and operator not in ("=", "<>"):
            raise wrong(at, f"values of {kind} have no order", "compare them by = or <>")
        if not isinstance(kind, Enumeration) and not in_group(kind, "ANY_ELEMENTARY"):
            raise wrong(at, f"{operator} can't compare {kind}")
        return t.Binary(operator, *both, BOOL, at)

    def _arithmetic(self, operator: str, left: t.Expression, right: t.Expression, at: At) -> t.Expression:
        if isinstance(left, t.Const) and isinstance(right, t.Const) and left.type is None and right.type is None:
            return folded(operator, left.value, right.value, at)
        times = [family(type_of_value(settled(side))) == "time" for side in (left, right)]
        if operator == "*" and times == [False, True]:
            left, right, times = right, left, [True, False]
        if times == [True, False]:
            right = settled(right)
            if operator not in ("*", "/") or not in_group(type_of_value(right), "ANY_NUM"):
                raise wrong(at, f"TIME {operator} {right.type} has no meaning")
            return t.Binary(operator, left, right, type_of_value(left), at)
        left, right = self.agree(left, right, at, operator)
        kind = type_of_value(left)
        group = "ANY_INT" if operator == "MOD" else "ANY_MAGNITUDE" if operator in ("+", "-") else "ANY_NUM"
        if not in_group(kind, group):
            raise wrong(at, f"{operator} can't be applied to {kind}",
                        "convert it to a number first" if family(kind) in ("bits", "bool") else "")
        if operator == "/" and family(kind) != "real" and isinstance(right, t.Const) and right.value == 0:
            raise wrong(at, "division by zero")
        return t.Binary(operator, left, right, kind, at)

    def _power(self, base: t.Expression, exponent: t.Expression, at: At) -> t.Expression:
        base, exponent = settled(base), settled(exponent)
        if not in_group(type_of_value(base), "ANY_REAL") or not in_group(type_of_value(exponent), "ANY_NUM"):
            raise wrong(at, f"** takes a REAL or LREAL and a number, not {base.type} and {exponent.type}",
                        "convert the base first")
        return t.Binary("**", base, exponent, type_of_value(base), at)

    # -- agreement

    def agree(self, left: t.Expression, right: t.Expression, at: At, what: str) -> tuple[t.Expression, t.Expression]:
        """Both operands in the smallest type that both widen into."""
        left, right = near(left, right), near(right, left)
        a, b = type_of_value(left), type_of_value(right)
        if a == b or (family(a) == family(b) == "string"):
            return left, right
        kind = common(a, b)
        if kind is None:
            raise wrong(at, f"{what} has {a} on one side and {b} on the other",
                        f"convert one, for example by {a}_TO_{b}"
                        if isinstance(a, Elementary) and isinstance(b, Elementary) else "")
        return self.fit(left, kind, at), self.fit(right, kind, at)

    def fit(self, value: t.Expression, kind: Type, at: At) -> t.Expression:
        """``value`` as ``kind``, if it becomes that by itself."""
        target = plain(kind)
        if isinstance(value, t.Const) and value.type is None:
            return literal_as(value.value, kind, at)
        source = type_of_value(value)
        if source == target or (family(source) == family(target) == "string"):
            return value
        if not widens(source, target):
            raise wrong(at, f"{source} does not become {target} by itself",
                        f"write {source}_TO_{target}(...)"
                        if isinstance(source, Elementary) and isinstance(target, Elementary) else "")
        return t.Convert(value, target, at)

    def constant(self, e: s.Expression, kind: Type | None = None) -> Any:
        """The value of a constant expression, as ``kind`` where one is asked for."""
        value = self.expression(e, kind)
        value = settled(value) if kind is None else self.fit(value, kind, e.at)
        if not is_constant(value):
            raise wrong(e.at, "this is not a constant")
        try:
            return evaluate(value)
        except Fault as fault:
            raise wrong(e.at, fault.what) from None

    def whole(self, e: s.Expression) -> int:
        """A constant whole number: a bound, a length, a step."""
        found = self.constant(e)
        if not isinstance(found, int) or isinstance(found, bool):
            raise wrong(e.at, "this has to be a whole number")
        return found
