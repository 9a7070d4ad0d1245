"""Structures and instances of blocks as Python objects with slots, made from the checked program."""

from __future__ import annotations

from typing import Any

from lineshaft.plc import typed as t
from lineshaft.plc.datatypes import Array, Block, Structure, Type
from lineshaft.plc.runtime import Record


class Records:
    """Makes values of types: lists for arrays, objects for structures and instances."""

    def __init__(self, names: t.Names) -> None:
        self._names = names
        self._classes: dict[str, type[Record]] = {}

    def make(self, kind: Type, value: Any) -> Any:
        """A new value of ``kind`` from its initial one."""
        if isinstance(kind, Array):
            if isinstance(kind.of, Array | Structure | Block):
                return [self.make(kind.of, one) for one in value]
            return list(value)
        if isinstance(kind, Structure):
            fields = self._names.fields(kind)
            return self._filled(f"structure {kind.name.lower()}", {name: (type_, value.get(name, default))
                                                                    for name, (type_, default) in fields.items()})
        if isinstance(kind, Block):
            return self.instance(self._names.units[kind.name], value)
        return value

    def instance(self, unit: t.Unit, given: dict[str, Any]) -> Record:
        """A new instance of a block or program; ``given`` overrides initial values."""
        kept = {v.name: (v.type, given.get(v.name, v.initial)) for v in unit.variables.values()
                if v.home == "self" and not (v.constant and not isinstance(v.initial, list | dict))}
        return self._filled(f"unit {unit.name}", kept)

    def shared(self) -> Record:
        """The variables that all units share, the time of the scan and how many rounds its loops have left."""
        kept = {v.name: (v.type, v.initial) for v in self._names.globals.values() if v.home == "global"}
        found = self._filled("shared", kept, "left", "v___now")
        found.left, found.v___now = 0, 0  # type: ignore[attr-defined]
        return found

    def _filled(self, key: str, fields: dict[str, tuple[Type, Any]], *more: str) -> Record:
        if key not in self._classes:
            slots = (*(f"v_{name}" for name in fields), *more)
            self._classes[key] = type(key.replace(" ", "_"), (Record,), {"__slots__": slots})
        found = self._classes[key]()
        for name, (kind, value) in fields.items():
            setattr(found, f"v_{name}", self.make(kind, value))
        return found
