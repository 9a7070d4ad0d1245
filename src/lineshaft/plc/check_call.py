"""Calls: standard functions, conversions, functions of the program and instances of blocks."""

from __future__ import annotations

from lineshaft.plc import syntax as s
from lineshaft.plc import typed as t
from lineshaft.plc.check_expression import Checker
from lineshaft.plc.check_literal import settled
from lineshaft.plc.datatypes import BOOL, ELEMENTARY, Block, Elementary, Enumeration, Type, family, in_group, plain
from lineshaft.plc.errors import At, wrong
from lineshaft.plc.standard import FUNCTIONS, OPERATORS, Signature, conversion

Outputs = tuple[tuple[str, t.Place, bool], ...]


class Calls(Checker):
    """``reach`` collects the units that are called or instantiated, for the search for recursion."""

    def find_unit(self, name: str) -> t.Unit | None:
        """A unit of the program, or a standard block."""
        return self.names.units.get(name.lower())

    def call_value(self, e: s.Call, wanted: Type | None) -> t.Expression:
        """A call inside an expression."""
        found = self.function(e, wanted)
        if isinstance(found, t.Invoke):
            if found.type is None:
                raise wrong(e.at, f"function {e.callee.name} gives no value")
            if found.outputs or not all(is_shared(place.type) for place in found.shared):
                raise wrong(e.at, f"{e.callee.name} also writes variables, so its call has to stand alone",
                            f"write x := {e.callee.name}(...); in a line of its own")
        return found

    def function(self, e: s.Call, wanted: Type | None = None) -> t.Expression:
        name = e.callee.name
        if e.callee.steps or name.lower() in self.variables:
            raise wrong(e.at, f"{name} is no function", "an instance of a block is called in a line of its own")
        unit = self.find_unit(name)
        if unit is not None and unit.kind == "FUNCTION":
            return self._invoke(unit, e)
        if name.upper() in FUNCTIONS:
            return self._standard(FUNCTIONS[name.upper()], e, wanted)
        found = conversion(name.upper())
        if found is not None:
            return self._conversion(*found, e)
        what = "is a block: declare an instance of it and call that" if unit else "is no function that is known here"
        raise wrong(e.at, f"{name} {what}")

    # -- standard functions

    def _standard(self, signature: Signature, e: s.Call, wanted: Type | None) -> t.Expression:
        values = self._ordered(signature, e, wanted if signature.result == "T" else None)
        own = [i for i in range(len(values)) if signature.parameter(i)[1] == "T"]
        fixed = [v if i in own else self._one(v, signature.parameter(i)[1], e.at) for i, v in enumerate(values)]
        if own:
            inner = wanted if signature.result == "T" else None
            agreed = self._agreed([values[i] for i in own], signature, e.at, inner)
            for i, value in zip(own, agreed, strict=True):
                fixed[i] = value
        result = plain(fixed[own[0]].type or BOOL) if signature.result == "T" else ELEMENTARY[signature.result]
        if signature.name in OPERATORS:
            return self._folded(OPERATORS[signature.name], fixed, e.at)
        return t.Standard(signature.name, tuple(fixed), result, e.at)

    def _folded(self, operator: str, values: list[t.Expression], at: At) -> t.Expression:
        first, *rest = values
        for value in rest:
            first = self.operate(operator, first, value, at)
        return first

    def _ordered(self, signature: Signature, e: s.Call, wanted: Type | None) -> list[t.Expression]:
        """Arguments in the order of the parameters, whether they were named or not."""
        given, least = e.arguments, len(signature.parameters)
        for argument in given:
            _no_enable(argument)
            if argument.output:
                raise wrong(argument.at, f"{signature.name} has no output {argument.name}")
        if any(a.name for a in given) and not all(a.name for a in given):
            raise wrong(e.at, f"the call of {signature.name} names some arguments and not others", "name all, or none")
        if len(given) < least or (len(given) > least and not signature.more):
            raise wrong(e.at, f"{signature.name} takes {least} arguments, and {len(given)} were given")
        if given[0].name:
            given = tuple(self._by_name(signature.parameter(i)[0], e, signature.name) for i in range(len(given)))
        return [self.expression(a.value, wanted if signature.parameter(i)[1] == "T" else None)
                for i, a in enumerate(given)]

    def _by_name(self, name: str, e: s.Call, function: str) -> s.Argument:
        for argument in e.arguments:
            if argument.name.upper() == name.upper():
                return argument
        raise wrong(e.at, f"the call of {function} leaves out {name}")

    def _one(self, value: t.Expression, kind: str, at: At) -> t.Expression:
        if kind in ELEMENTARY:
            return self.fit(value, ELEMENTARY[kind], at)
        value = settled(value)
        if not in_group(value.type or BOOL, kind):
            raise wrong(at, f"{value.type} stands where {kind} is needed")
        return value

    def _agreed(self, values: list[t.Expression], signature: Signature, at: At, wanted: Type | None
                ) -> list[t.Expression]:
        """All of one type: that of the widest, for literals alone the one that is wanted."""
        if wanted is not None and in_group(wanted, signature.group) and all(
                isinstance(v, t.Const) and v.type is None for v in values):
            return [self.fit(value, wanted, at) for value in values]
        lead = values[0]
        for other in values[1:]:
            lead = self.agree(lead, other, at, signature.name)[0]
        if signature.group == "ANY_REAL" and isinstance(lead, t.Const) and lead.type is None:
            lead = t.Const(float(lead.value), None)
        kind = plain(settled(lead).type or BOOL)
        if not in_group(kind, signature.group) and not (
                isinstance(kind, Enumeration) and signature.name in ("SEL", "MUX", "MOVE", "EQ", "NE")):
            raise wrong(at, f"{signature.name} takes {signature.group}, not {kind}")
        return [self.fit(value, kind, at) for value in values]

    def _conversion(self, source: Elementary | None, target: Elementary, cut: bool, e: s.Call) -> t.Expression:
        name = e.callee.name
        if len(e.arguments) != 1 or e.arguments[0].output or e.arguments[0].name.upper() not in ("", "IN"):
            raise wrong(e.at, f"{name} takes one argument")
        value = self.expression(e.arguments[0].value)
        value = self.fit(value, source, e.at) if source else settled(value)
        kind = plain(value.type or BOOL)
        if isinstance(kind, Enumeration) and family(target) in ("signed", "unsigned"):
            value, kind = t.Convert(value, ELEMENTARY["DINT"], e.at), ELEMENTARY["DINT"]
        strange = {family(kind), target.family} in _STRANGE and (kind, target) != (BOOL, _STRING)
        if strange or not in_group(kind, "ANY_ELEMENTARY"):
            raise wrong(e.at, f"{kind} can't be converted to {target}")
        if cut and (family(kind) != "real" or target.family not in ("signed", "unsigned")):
            raise wrong(e.at, f"{name} takes REAL or LREAL and gives a whole number")
        return value if kind == target else t.Convert(value, target, e.at, cut)

    # -- functions of the program

    def _invoke(self, unit: t.Unit, e: s.Call) -> t.Invoke:
        inputs, shared, outputs = self.arguments(unit, e)
        given = dict(inputs)
        values: list[t.Expression] = []
        for variable in unit.of("VAR_INPUT"):
            if variable.name not in given and not variable.given:
                raise wrong(e.at, f"the call of {e.callee.name} leaves out {variable.name}")
            values.append(given.get(variable.name, t.Const(variable.initial, variable.type)))
        places = dict(shared)
        return t.Invoke(unit.name, tuple(values), tuple(places[v.name] for v in unit.of("VAR_IN_OUT")), outputs,
                        unit.result, e.at)

    def run(self, e: s.Call) -> t.Run:
        """The call of an instance."""
        place = self.place(e.callee)
        if not isinstance(place.type, Block):
            raise wrong(e.at, f"{e.callee.name} is no instance of a block")
        if self.variable(e.callee.name, e.at).kind == "VAR_INPUT":
            raise wrong(e.at, f"{e.callee.name} is an input and can't be called")
        unit = self.names.units[place.type.name]
        return t.Run(place, unit.name, *self.arguments(unit, e), e.at)

    def arguments(self, unit: t.Unit, e: s.Call
                  ) -> tuple[tuple[tuple[str, t.Expression], ...], tuple[tuple[str, t.Place], ...], Outputs]:
        """Inputs, VAR_IN_OUT and outputs of a call; raises for what is unknown, repeated or left out."""
        inputs: dict[str, t.Expression] = {}
        shared: dict[str, t.Place] = {}
        outputs: dict[str, tuple[str, t.Place, bool]] = {}
        for variable, argument in self._matched(unit, e):
            if argument.output:
                outputs[variable.name] = self._output(variable, argument)
            elif variable.kind == "VAR_IN_OUT":
                shared[variable.name] = self._shared(variable, argument)
            else:
                value = self.expression(argument.value, variable.type)
                inputs[variable.name] = self.fit(value, variable.type, argument.at)
        for variable in unit.of("VAR_IN_OUT"):
            if variable.name not in shared:
                raise wrong(e.at, f"the call of {e.callee.name} leaves out {variable.name}, a VAR_IN_OUT")
        return tuple(inputs.items()), tuple(shared.items()), tuple(outputs.values())

    def _matched(self, unit: t.Unit, e: s.Call) -> list[tuple[t.Variable, s.Argument]]:
        names = [a.name.lower() for a in e.arguments]
        for argument in e.arguments:
            _no_enable(argument)
        if any(names) and not all(names):
            raise wrong(e.at, f"the call of {e.callee.name} names some arguments and not others", "name all, or none")
        if not any(names):
            order = unit.of("VAR_INPUT", "VAR_IN_OUT")
            if len(names) > len(order):
                raise wrong(e.at, f"{e.callee.name} takes {len(order)} arguments, and {len(names)} were given")
            return list(zip(order, e.arguments, strict=False))
        return [(self._parameter(unit, argument, names), argument) for argument in e.arguments]

    def _parameter(self, unit: t.Unit, argument: s.Argument, names: list[str]) -> t.Variable:
        name = argument.name.lower()
        kinds = ("VAR_OUTPUT",) if argument.output else ("VAR_INPUT", "VAR_IN_OUT")
        variable = unit.variables.get(name)
        if variable is None or variable.kind not in kinds:
            what = "output" if argument.output else "input"
            raise wrong(argument.at, f"{unit.name.upper()} has no {what} {argument.name}",
                        f"use one of: {', '.join(v.name for v in unit.of(*kinds)) or 'none'}")
        if names.count(name) > 1:
            raise wrong(argument.at, f"{argument.name} is given twice")
        return variable

    def _output(self, variable: t.Variable, argument: s.Argument) -> tuple[str, t.Place, bool]:
        assert isinstance(argument.value, s.Variable)
        place = self.target(argument.value)
        if argument.inverted and variable.type != BOOL:
            raise wrong(argument.at, f"NOT is for BOOL outputs, and {argument.name} is {variable.type}")
        _same(variable.type, place.type, argument)
        return variable.name, place, argument.inverted

    def _shared(self, variable: t.Variable, argument: s.Argument) -> t.Place:
        if not isinstance(argument.value, s.Variable):
            raise wrong(argument.at, f"{argument.name or variable.name} is a VAR_IN_OUT and takes a variable")
        place = self.target(argument.value)
        _same(variable.type, place.type, argument)
        return place


def is_shared(kind: Type) -> bool:
    """Arrays, structures and instances are objects in Python; all else is copied in and out."""
    return not isinstance(plain(kind), Elementary | Enumeration) and family(kind) != "string"


def _same(kind: Type, place: Type, argument: s.Argument) -> None:
    if kind != place and not (family(kind) == family(place) == "string"):
        raise wrong(argument.at, f"{argument.name or 'the argument'} is {kind}, and the variable is {place}")


def _no_enable(argument: s.Argument) -> None:
    if argument.name.upper() in ("EN", "ENO"):
        raise wrong(argument.at, f"{argument.name.upper()}: EN and ENO are not taken", "put the call inside an IF")


_STRING = ELEMENTARY["STRING"]
_STRANGE = ({"string", "bool"}, {"string", "time"}, {"string", "bits"})
