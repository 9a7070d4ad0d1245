"""Declared types, variables and their initial values."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineshaft.plc import syntax as s
from lineshaft.plc import typed as t
from lineshaft.plc.check_expression import Checker
from lineshaft.plc.datatypes import (
    BOOL,
    DINT,
    ELEMENTARY,
    LREAL,
    REAL,
    Array,
    Block,
    Elementary,
    Enumeration,
    String,
    Structure,
    Subrange,
    Type,
    family,
    plain,
)
from lineshaft.plc.errors import At, wrong

MOST_DIMENSIONS = 6
MOST_ELEMENTS = 4_000_000
MOST_TEXT = 32_767


class Types(Checker):
    """Makes types of specifications; named types that come later in the text are found through ``later``."""

    def __init__(self, names: t.Names, variables: dict[str, t.Variable], later: dict[str, s.TypeDeclaration],
                 unit: str = "") -> None:
        super().__init__(names, variables, unit)
        self.later = later
        self._open: list[str] = []

    def type_of(self, e: s.Specification, name: str = "") -> Type:
        if isinstance(e, s.Named):
            return self._by_name(e)
        if isinstance(e, s.Text):
            length = 80 if e.length is None else self.whole(e.length)
            if not 1 <= length <= MOST_TEXT:
                raise wrong(e.at, f"a string of {length} characters", f"from 1 to {MOST_TEXT} are allowed")
            return String(length)
        if isinstance(e, s.Subrange):
            return self._subrange(e)
        if isinstance(e, s.Array):
            return self._array(e)
        if isinstance(e, s.Enumeration):
            return self._enumeration(e, name)
        return self._structure(e, name)

    def _by_name(self, e: s.Named) -> Type:
        lower = e.name.lower()
        if e.name.upper() in ELEMENTARY:
            return ELEMENTARY[e.name.upper()]
        if lower not in self.names.types and lower in self.later:
            self.declare_type(self.later[lower])
        if lower in self.names.types:
            return self.names.types[lower]
        unit = self.find_unit(lower)
        if unit is not None and unit.kind == "FUNCTION_BLOCK":
            return Block(unit.name)
        raise wrong(e.at, f"unknown type {e.name!r}", "declare it under TYPE, or correct its spelling")

    def find_unit(self, name: str) -> t.Unit | None:
        """A unit by lower-case name."""
        return self.names.units.get(name)

    def _subrange(self, e: s.Subrange) -> Subrange:
        base = ELEMENTARY.get(e.base.upper())
        if base is None or base.family not in ("signed", "unsigned"):
            raise wrong(e.at, f"a subrange is of a whole-number type, not of {e.base}")
        low, high = (int(self.constant(x, base)) for x in (e.low, e.high))
        if low > high:
            raise wrong(e.at, f"the subrange {low}..{high} is empty")
        return Subrange(base, low, high)

    def _array(self, e: s.Array) -> Array:
        if len(e.ranges) > MOST_DIMENSIONS:
            raise wrong(e.at, f"an array of {len(e.ranges)} dimensions", f"at most {MOST_DIMENSIONS} are taken")
        bounds = tuple((self.whole(r.low), self.whole(r.high)) for r in e.ranges)
        for low, high in bounds:
            if low > high:
                raise wrong(e.at, f"the bounds {low}..{high} hold nothing")
        found = Array(bounds, self.type_of(e.of))
        self.count(found, e.at)
        return found

    def count(self, kind: Type, at: At) -> int:
        """How many elementary values a type holds. Raises past the limit, before anything is allocated."""
        total = self.names.counts.get(kind, 1)
        if kind in self.names.counts:
            return total
        if isinstance(kind, Array):
            total = kind.count * self.count(kind.of, at)
        elif isinstance(kind, Structure):
            total = sum(self.count(field, at) for field, _ in self.names.fields(kind).values())
        elif isinstance(kind, Block):
            total = sum(self.count(v.type, at) for v in self.names.units[kind.name].variables.values()
                        if v.home == "self")
        if total > MOST_ELEMENTS:
            raise wrong(at, f"this holds {total} values", f"at most {MOST_ELEMENTS} are allowed")
        if isinstance(kind, Structure | Block | Array):
            self.names.counts[kind] = max(total, 1)
        return max(total, 1)

    def _enumeration(self, e: s.Enumeration, name: str) -> Enumeration:
        if not name:
            raise wrong(e.at, "an enumeration without a name", "declare it under TYPE")
        values: dict[str, int] = {}
        following = 0
        for value, given in e.values:
            number = following if given is None else int(self.constant(given, DINT))
            if value.lower() in (v.lower() for v in values) or value.lower() in self.names.enumerations:
                raise wrong(e.at, f"the value {value} is declared twice")
            values[value], following = number, number + 1
        found = Enumeration(name, tuple(values.items()))
        self.names.enumerations.update({value.lower(): (found, number) for value, number in values.items()})
        return found

    def _structure(self, e: s.Structure, name: str) -> Structure:
        if not name:
            raise wrong(e.at, "a structure without a name", "declare it under TYPE")
        fields: dict[str, tuple[Type, Any]] = {}
        for field in e.fields:
            if field.name.lower() in fields:
                raise wrong(field.at, f"the field {field.name} is declared twice")
            kind = self.type_of(field.specification)
            if isinstance(kind, Block):
                raise wrong(field.at, "an instance of a block inside a structure is not taken")
            fields[field.name.lower()] = kind, self.initial(field.initial, kind, self.default_of(field.specification))
        if not fields:
            raise wrong(e.at, f"structure {name} has no fields")
        self.names.structures[name.lower()] = fields
        return Structure(name)

    def declare_type(self, e: s.TypeDeclaration) -> None:
        lower = e.name.lower()
        if lower in self.names.types:
            return
        if lower in self._open:
            raise wrong(e.at, f"type {e.name} contains itself: {' -> '.join([*self._open, lower])}")
        self._open.append(lower)
        kind = self.type_of(e.specification, e.name)
        self._open.pop()
        self.names.types[lower] = kind
        self.count(kind, e.at)
        if e.initial is not None:
            self.names.defaults[lower] = self.initial(e.initial, kind)
        elif isinstance(e.specification, s.Named) and e.specification.name.lower() in self.names.defaults:
            self.names.defaults[lower] = self.names.defaults[e.specification.name.lower()]

    # -- initial values

    def default_of(self, e: s.Specification) -> Any:
        """The initial value that a named type brings; None for none."""
        return self.names.defaults.get(e.name.lower()) if isinstance(e, s.Named) else None

    def initial(self, e: s.Initial | None, kind: Type, default: Any = None) -> Any:
        if e is None:
            return self.zero(kind) if default is None else default
        if isinstance(kind, Array):
            return self._array_value(e, kind)
        if isinstance(kind, Structure | Block):
            return self._structure_value(e, kind)
        if isinstance(e, s.Numbers | s.ArrayInitial | s.StructureInitial):
            raise wrong(e.at, f"a list can't be the value of {kind}")
        value = self.constant(e, kind)
        if isinstance(kind, Subrange) and not kind.low <= value <= kind.high:
            raise wrong(e.at, f"{value} is outside {kind}")
        return value[:kind.length] if isinstance(kind, String) else value

    def zero(self, kind: Type) -> Any:
        """What a variable holds that was given nothing."""
        if isinstance(kind, Array):
            one = self.zero(kind.of)
            return [one] * kind.count
        if isinstance(kind, Structure):
            return {name: value for name, (_, value) in self.names.fields(kind).items()}
        if isinstance(kind, Enumeration):
            return kind.values[0][1]
        if isinstance(kind, Subrange):
            return min(max(0, kind.low), kind.high)
        if isinstance(kind, Block):
            return {}
        zeros: dict[Type, Any] = {REAL: np.float32(0), LREAL: np.float64(0), BOOL: False}
        return "" if family(kind) == "string" else zeros.get(kind, 0)

    def _array_value(self, e: s.Initial, kind: Array) -> list[Any]:
        if isinstance(e, s.Numbers):
            values = _numbers(e, kind.of)
        elif isinstance(e, s.ArrayInitial):
            values = []
            for times, item in e.items:
                if len(values) + times > kind.count:
                    raise wrong(e.at, f"more values than the {kind.count} of {kind}")
                values.extend([self.initial(item, kind.of)] * times)
        else:
            raise wrong(e.at, f"the value of {kind} is written in brackets")
        if len(values) > kind.count:
            raise wrong(e.at, f"{len(values)} values for the {kind.count} of {kind}")
        return values + [self.zero(kind.of)] * (kind.count - len(values))

    def _structure_value(self, e: s.Initial, kind: Structure | Block) -> dict[str, Any]:
        if not isinstance(e, s.StructureInitial):
            raise wrong(e.at, f"the value of {kind} is written as (field := value, ...)")
        if isinstance(kind, Structure):
            fields, found = self.names.fields(kind), dict(self.zero(kind))
        else:
            unit = self.names.units[kind.name]
            fields, found = {v.name: (v.type, None) for v in unit.of("VAR_INPUT", "VAR_OUTPUT")}, {}
        for field, value in e.fields:
            if field.name.lower() not in fields:
                raise wrong(field.at, f"{kind} has no field {field.name!r}", f"use one of: {', '.join(fields)}")
            found[field.name.lower()] = self.initial(value, fields[field.name.lower()][0])
        return found


def _numbers(e: s.Numbers, kind: Type) -> list[Any]:
    base = plain(kind)
    if family(base) == "real" and isinstance(base, Elementary):
        with np.errstate(over="ignore"):
            values = np.array(e.values, np.float32 if base == REAL else np.float64)
        if not np.isfinite(values).all():
            raise wrong(e.at, f"one of these numbers does not fit {base}")
        return list(values)
    if e.decimal or family(base) not in ("signed", "unsigned", "bits") or not isinstance(base, Elementary):
        raise wrong(e.at, f"these numbers can't be of {kind}")
    low, high = (kind.low, kind.high) if isinstance(kind, Subrange) else (base.low, base.high)
    for value in e.values:
        if not low <= value <= high:
            raise wrong(e.at, f"{value} does not fit {kind}")
    return list(e.values)
