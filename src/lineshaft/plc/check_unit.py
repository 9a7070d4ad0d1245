"""The whole text: types, shared variables, units in the order of need, bodies last, and no recursion."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from lineshaft.plc import syntax as s
from lineshaft.plc import typed as t
from lineshaft.plc.check_statement import Statements
from lineshaft.plc.check_types import MOST_ELEMENTS, Types
from lineshaft.plc.datatypes import ELEMENTARY, TIME, Block
from lineshaft.plc.errors import At, wrong
from lineshaft.plc.parse import parse
from lineshaft.plc.standard import is_standard

NOW = "__now"


@cache
def library() -> dict[str, s.Unit]:
    """The standard's function blocks, written in the language itself."""
    text = (resources.files(__package__) / "standard.st").read_text("utf-8")
    counters = text.partition("(* Counters")[2].partition("*)")[2]
    kinds = [re.sub(r"(FUNCTION_BLOCK \w+)", rf"\1_{kind}", counters).replace("INT;", f"{kind};").replace(
        "-32768", str(ELEMENTARY[kind].low)).replace("32767", str(ELEMENTARY[kind].high))
        for kind in ("DINT", "LINT", "UDINT", "ULINT")]
    return {unit.name.lower(): unit for part in (text, *kinds) for unit in parse(part).units}


def check(source: s.Source) -> t.Names:
    """The checked program. Raises ``SourceError`` for the first thing that is wrong."""
    return _Text(source).names


class _Text:
    def __init__(self, source: s.Source) -> None:
        self.names = t.Names()
        self._units = {u.name.lower(): u for u in source.units}
        self._types = {d.name.lower(): d for d in source.types}
        self._shared = source.globals
        self._open: list[str] = []
        self._taken: dict[str, At] = {}
        for unit in source.units:
            self._take(unit.name, unit.at)
        for one in source.types:
            self._take(one.name, one.at)
        types = _Declarations(self, self.names, {})
        for one in source.types:
            types.declare_type(one)
        for section in source.globals:
            self._globals(section)
        for unit in source.units:
            self.declare(unit.name.lower())
        for unit in source.units:
            self._body(unit)
        _no_recursion(self.names)

    def _take(self, name: str, at: At) -> None:
        lower = name.lower()
        if lower in self._taken:
            raise wrong(at, f"{name} is declared twice", f"the first is at {self._taken[lower]}")
        if is_standard(name.upper()) or lower in library() or name.upper() in ELEMENTARY:
            raise wrong(at, f"{name} is the name of a standard function, block or type", "choose another name")
        self._taken[lower] = at

    def _globals(self, section: s.Section) -> None:
        checker = _Declarations(self, self.names, self.names.globals)
        for declaration in section.declarations:
            self._take(declaration.name, declaration.at)
            checker.variable_of(declaration, section, "global", self.names.globals)

    def declare(self, name: str) -> t.Unit | None:
        """A unit by lower-case name, its variables declared; None where there is none."""
        if name in self.names.units:
            return self.names.units[name]
        written = self._units.get(name) or library().get(name)
        if written is None:
            return None
        if name in self._open:
            raise wrong(written.at, f"{written.name} contains itself: {' -> '.join([*self._open, name])}")
        if len(self._open) >= 50:
            raise wrong(written.at, "blocks contain each other more than 50 deep")
        self._open.append(name)
        unit = t.Unit(written.kind, name, None, {}, written.at)
        checker = _Declarations(self, self.names, unit.variables, name)
        if written.result is not None:
            unit.result = checker.type_of(written.result)
            if isinstance(unit.result, Block):
                raise wrong(written.result.at, "a function can't give an instance of a block")
            unit.variables[name] = t.Variable(name, unit.result, "RESULT", "local", False, False,
                                              checker.initial(None, unit.result, checker.default_of(written.result)),
                                              False, written.at)
        for section in written.sections:
            for declaration in section.declarations:
                self._declare(checker, unit, section, declaration)
        self._open.pop()
        self.names.units[name] = unit
        if name not in self._units:
            self._body(written)
        return unit

    def _declare(self, checker: _Declarations, unit: t.Unit, section: s.Section, declaration: s.Declaration) -> None:
        name = declaration.name.lower()
        if name in unit.variables or name == unit.name:
            raise wrong(declaration.at, f"{declaration.name} is declared twice")
        if section.kind == "VAR_EXTERNAL":
            unit.variables[name] = self._external(checker, declaration, unit.name not in self._units)
            return
        local = unit.kind == "FUNCTION" or section.kind == "VAR_TEMP"
        found = checker.variable_of(declaration, section, "local" if local else "self", unit.variables)
        if unit.kind == "FUNCTION" and "RETAIN" in section.qualifiers:
            raise wrong(section.at, "a function keeps nothing, so RETAIN has no meaning in it")
        if local and section.kind != "VAR_IN_OUT" and isinstance(found.type, Block):
            raise wrong(declaration.at, "an instance of a block has to be kept",
                        "declare it under VAR of a block or program")

    def _external(self, checker: _Declarations, declaration: s.Declaration, own: bool) -> t.Variable:
        name = declaration.name.lower()
        if own:
            return t.Variable(NOW, TIME, "VAR_EXTERNAL", "global", False, False, 0, False, declaration.at)
        found = self.names.globals.get(name)
        if found is None:
            later = any(d.name.lower() == name for section in self._shared for d in section.declarations)
            raise wrong(declaration.at, f"no VAR_GLOBAL is called {declaration.name}" + " so far" * later,
                        "declare it before the variables whose type needs it" if later else "")
        if checker.type_of(declaration.specification) != found.type:
            raise wrong(declaration.at, f"{declaration.name} is {found.type} under VAR_GLOBAL")
        if declaration.initial is not None:
            raise wrong(declaration.at, "a VAR_EXTERNAL has its value from VAR_GLOBAL")
        return found

    def _body(self, written: s.Unit) -> None:
        unit = self.names.units[written.name.lower()]
        checker = _Body(self, self.names, unit)
        unit.body = checker.body(written.body)


class _Declarations(Types):
    def __init__(self, text: _Text, names: t.Names, variables: dict[str, t.Variable], unit: str = "") -> None:
        super().__init__(names, variables, text._types, unit)
        self._text = text

    def find_unit(self, name: str) -> t.Unit | None:
        return self._text.declare(name)

    def variable_of(self, e: s.Declaration, section: s.Section, home: str, into: dict[str, t.Variable]) -> t.Variable:
        _well_named(e)
        constant, kind = "CONSTANT" in section.qualifiers, section.kind
        if constant and kind not in ("VAR", "VAR_GLOBAL"):
            raise wrong(section.at, f"{kind} can't be CONSTANT")
        found = self.type_of(e.specification)
        self.names.held += self.count(found, e.at)
        if self.names.held > MOST_ELEMENTS:
            raise wrong(e.at, f"the variables hold more than {MOST_ELEMENTS} values in all")
        if constant and (e.initial is None or isinstance(found, Block)):
            raise wrong(e.at, f"{e.name} is CONSTANT and needs a value")
        if kind == "VAR_IN_OUT" and e.initial is not None:
            raise wrong(e.at, f"{e.name} is a VAR_IN_OUT and has the caller's value")
        value = self.initial(e.initial, found, self.default_of(e.specification))
        if constant and isinstance(value, list | dict):
            home = "constant"
        variable = t.Variable(e.name.lower(), found, kind, home, constant, "RETAIN" in section.qualifiers, value,
                              e.initial is not None, e.at)
        if variable.name in into:
            raise wrong(e.at, f"{e.name} is declared twice")
        into[variable.name] = variable
        return variable


class _Body(Statements):
    def __init__(self, text: _Text, names: t.Names, unit: t.Unit) -> None:
        super().__init__(names, unit.variables, unit.name)
        self._unit = unit

    def find_unit(self, name: str) -> t.Unit | None:
        found = super().find_unit(name)
        if found is not None:
            self._unit.calls.setdefault(found.name, found.at)
        return found

    def run(self, e: s.Call) -> t.Run:
        found = super().run(e)
        self._unit.calls.setdefault(found.unit, e.at)
        return found


def _well_named(e: s.Declaration) -> None:
    if "__" in e.name or (e.name.endswith("_") and e.name != "_"):
        raise wrong(e.at, f"the name {e.name} has underscores where the standard allows none",
                    "write single ones, between letters or digits")


def _no_recursion(names: t.Names) -> None:
    """The standard forbids it. Raises naming the circle."""
    done: set[str] = set()
    for start in names.units:
        path: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                done.add(path.popitem()[0])
            elif name in path:
                circle = [*list(path)[list(path).index(name):], name]
                raise wrong(names.units[name].at, f"units call each other in a circle: {' -> '.join(circle)}",
                            "the standard has no recursion")
            elif name not in done:
                path[name] = None
                stack.append((name, True))
                stack.extend((called, False) for called in names.units[name].calls)
