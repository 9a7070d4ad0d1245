"""Values of the running program as Python's, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.plc import typed as t
from lineshaft.plc.datatypes import (
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
from lineshaft.plc.runtime import Record


def to_python(value: Any, kind: Type, names: t.Names) -> Any:
    """Arrays of numbers as NumPy arrays of their shape, structures and instances as dicts, enumerations by name."""
    if isinstance(kind, Array):
        return _array(value, kind, names)
    if isinstance(kind, Structure):
        return {name: to_python(getattr(value, f"v_{name}"), of, names) for name, (of, _) in names.fields(kind).items()}
    if isinstance(kind, Block):
        unit = names.units[kind.name]
        return {v.name: to_python(getattr(value, f"v_{v.name}"), v.type, names) for v in unit.variables.values()
                if v.home == "self" and v.kind != "VAR_IN_OUT" and hasattr(value, f"v_{v.name}")}
    if isinstance(kind, Enumeration):
        return next((name for name, number in kind.values if number == value), value)
    if family(kind) == "bool":
        return bool(value)
    return float(value) if family(kind) == "real" else value


def _array(value: list[Any], kind: Array, names: t.Names) -> Any:
    base = plain(kind.of)
    if isinstance(base, Elementary) and base.family != "string":
        dtype = {"bool": "?", "bits": f"u{base.bits // 8}", "unsigned": f"u{base.bits // 8}",
                 "real": f"f{base.bits // 8}"}.get(base.family, f"i{base.bits // 8}")
        return np.array(value, dtype).reshape([high - low + 1 for low, high in kind.bounds])
    return [to_python(one, kind.of, names) for one in value]


def from_python(value: Any, kind: Type, where: str, names: t.Names) -> Any:
    """The inverse. Raises ``UsageError`` for a value that the type can't hold."""
    try:
        return _from_python(value, kind, where, names)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{str(value)[:60]!r} is no {kind}", where=where) from None


def _from_python(value: Any, kind: Type, where: str, names: t.Names) -> Any:
    if isinstance(kind, Array):
        return _flat(value, kind, where, names)
    if isinstance(kind, Structure | Block):
        raise UsageError(f"{kind} can't be set as a whole", where=where, do="set it inside the program")
    if isinstance(kind, Enumeration):
        chosen = dict(kind.values)
        if value not in chosen and value not in chosen.values():
            raise UsageError(f"{value!r} is no value of {kind}", where=where, do=f"use one of: {', '.join(chosen)}")
        return chosen.get(value, value)
    if isinstance(kind, String):
        if not isinstance(value, str):
            raise UsageError(f"{value!r} is no text", where=where)
        return value[:kind.length]
    return _number(value, kind, where)


def _flat(value: Any, kind: Array, where: str, names: t.Names) -> list[Any]:
    base = plain(kind.of)
    if isinstance(base, Elementary) and base.family == "real":
        found = np.asarray(value, np.float32 if base == REAL else np.float64)
        if found.size != kind.count:
            raise UsageError(f"{found.size} values for {kind}", where=where)
        return list(found.reshape(-1))
    items = list(np.asarray(value, object).reshape(-1))
    if len(items) != kind.count:
        raise UsageError(f"{len(items)} values for {kind}", where=where)
    return [from_python(item, kind.of, where, names) for item in items]


def _number(value: Any, kind: Elementary | Subrange, where: str) -> Any:
    base = plain(kind)
    assert isinstance(base, Elementary)
    if base.family == "real":
        return (np.float32 if base == REAL else np.float64)(value)
    low, high = (kind.low, kind.high) if isinstance(kind, Subrange) else (base.low, base.high)
    if isinstance(value, float | np.floating) or not low <= int(value) <= high:
        raise UsageError(f"{value!r} is no {kind}", where=where)
    return bool(value) if base.family == "bool" else int(value)


def saved(value: Any) -> Any:
    """A deep copy in plain lists and dicts."""
    if isinstance(value, list):
        return [saved(one) for one in value] if value and isinstance(value[0], list | Record) else value[:]
    if isinstance(value, Record):
        return {name: saved(getattr(value, name)) for name in value.__slots__ if hasattr(value, name)}
    return value


def loaded(target: Any, state: Any) -> Any:
    """``saved`` back into the objects that there are; gives the value to keep."""
    if isinstance(target, list):
        if target and isinstance(target[0], list | Record):
            for one, other in zip(target, state, strict=True):
                loaded(one, other)
        else:
            target[:] = state
        return target
    if isinstance(target, Record):
        for name, value in state.items():
            setattr(target, name, loaded(getattr(target, name), value))
        return target
    return state


def retain(old: Any, new: Any, variables: Mapping[str, t.Variable], names: t.Names) -> None:
    """Carry what is RETAIN from one instance to a new one, in the instances inside it too."""
    for variable in variables.values():
        slot = f"v_{variable.name}"
        if not hasattr(old, slot) or variable.kind == "VAR_IN_OUT":
            continue
        if variable.retained:
            setattr(new, slot, getattr(old, slot))
        else:
            _retain_inside(getattr(old, slot), getattr(new, slot), variable.type, names)


def _retain_inside(old: Any, new: Any, kind: Type, names: t.Names) -> None:
    if isinstance(kind, Block):
        retain(old, new, names.units[kind.name].variables, names)
    elif isinstance(kind, Array) and isinstance(kind.of, Array | Block):
        for one, other in zip(old, new, strict=True):
            _retain_inside(one, other, kind.of, names)
