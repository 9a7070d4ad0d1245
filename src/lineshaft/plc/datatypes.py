"""The types of the language, and which of them widen into which by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Elementary:
    """``family`` is bool, bits, signed, unsigned, real, time or string; ``bits`` the width."""

    name: str
    family: str
    bits: int

    @property
    def low(self) -> int:
        return -(1 << (self.bits - 1)) if self.family in ("signed", "time") else 0

    @property
    def high(self) -> int:
        return (1 << (self.bits - (self.family in ("signed", "time")))) - 1

    def __str__(self) -> str:
        return self.name


ELEMENTARY: dict[str, Elementary] = {e.name: e for e in (
    Elementary("BOOL", "bool", 1),
    *(Elementary(name, "bits", bits) for name, bits in (("BYTE", 8), ("WORD", 16), ("DWORD", 32), ("LWORD", 64))),
    *(Elementary(name, "signed", bits) for name, bits in (("SINT", 8), ("INT", 16), ("DINT", 32), ("LINT", 64))),
    *(Elementary(name, "unsigned", bits) for name, bits in (("USINT", 8), ("UINT", 16), ("UDINT", 32), ("ULINT", 64))),
    Elementary("REAL", "real", 32), Elementary("LREAL", "real", 64), Elementary("TIME", "time", 64),
    Elementary("STRING", "string", 0))}
BOOL, REAL, LREAL, TIME = (ELEMENTARY[name] for name in ("BOOL", "REAL", "LREAL", "TIME"))
INT, DINT, LINT, ULINT = (ELEMENTARY[name] for name in ("INT", "DINT", "LINT", "ULINT"))

GROUPS: dict[str, frozenset[str]] = {
    "ANY_BIT": frozenset({"bool", "bits"}), "ANY_BITS": frozenset({"bits"}),
    "ANY_INT": frozenset({"signed", "unsigned"}), "ANY_REAL": frozenset({"real"}),
    "ANY_NUM": frozenset({"signed", "unsigned", "real"}),
    "ANY_MAGNITUDE": frozenset({"signed", "unsigned", "real", "time"}), "ANY_STRING": frozenset({"string"}),
    "ANY_ELEMENTARY": frozenset({"bool", "bits", "signed", "unsigned", "real", "time", "string"})}


@dataclass(frozen=True, slots=True)
class String:
    """STRING[length]; every string is of one of these."""

    length: int = 80

    def __str__(self) -> str:
        return f"STRING[{self.length}]"


@dataclass(frozen=True, slots=True)
class Subrange:
    """Values of ``base`` from ``low`` to ``high``; an assignment outside is a fault."""

    base: Elementary
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.base}({self.low}..{self.high})"


@dataclass(frozen=True, slots=True)
class Enumeration:
    name: str
    values: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Array:
    """Kept flat, the last index running fastest."""

    bounds: tuple[tuple[int, int], ...]
    of: Type

    @property
    def count(self) -> int:
        product = 1
        for low, high in self.bounds:
            product *= high - low + 1
        return product

    def __str__(self) -> str:
        return f"ARRAY[{', '.join(f'{low}..{high}' for low, high in self.bounds)}] OF {self.of}"


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure by name; its fields stand in the program's table, since names are what makes types equal."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Block:
    """An instance of a function block."""

    name: str

    def __str__(self) -> str:
        return self.name


Type = Elementary | String | Subrange | Enumeration | Array | Structure | Block


def plain(kind: Type) -> Type:
    """A subrange as what it is counted in."""
    return kind.base if isinstance(kind, Subrange) else kind


def family(kind: Type) -> str:
    """The family of an elementary type; empty for all others."""
    kind = plain(kind)
    return "string" if isinstance(kind, String) else kind.family if isinstance(kind, Elementary) else ""


def in_group(kind: Type, group: str) -> bool:
    return family(kind) in GROUPS[group]


@cache
def widens(source: Type, target: Type) -> bool:
    """Whether ``source`` becomes ``target`` by itself: only where no value is lost (edition 3, implicit conversion).

    >>> widens(INT, REAL), widens(DINT, REAL), widens(DINT, LREAL)
    (True, False, True)
    """
    source, target = plain(source), plain(target)
    if source == target or (isinstance(source, String) and isinstance(target, String)):
        return True
    if not isinstance(source, Elementary) or not isinstance(target, Elementary):
        return False
    pair = (source.family, target.family)
    if pair in (("signed", "signed"), ("unsigned", "unsigned"), ("bits", "bits"), ("bool", "bits"), ("real", "real"),
                ("unsigned", "signed")):
        return source.bits < target.bits
    return pair in (("signed", "real"), ("unsigned", "real")) and source.bits < target.bits


def common(left: Type, right: Type) -> Elementary | None:
    """The smallest type that both widen into; None where there is none."""
    left, right = plain(left), plain(right)
    both = [e for e in ELEMENTARY.values() if widens(left, e) and widens(right, e)]
    return min(both, key=lambda e: (e.family == "real", e.bits), default=None)
