"""Text to a program that can run: parsed, checked, printed as Python and compiled by Python itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lineshaft.plc import typed as t
from lineshaft.plc.check_unit import check
from lineshaft.plc.errors import SourceError
from lineshaft.plc.parse import parse
from lineshaft.plc.records import Records
from lineshaft.plc.standard import NAMESPACE
from lineshaft.plc.units import Units


@dataclass(frozen=True, slots=True)
class Program:
    """What ``Plc`` runs. ``python`` is the generated source, for whoever wants to read it."""

    name: str
    names: t.Names
    records: Records
    runs: dict[str, Callable[..., None]]
    python: str


def compile_text(text: str, *, name: str = "", real_division: str = "fault") -> Program:
    """A program from Structured Text; ``name`` (a file's) goes before the places of errors and faults.

    ``real_division`` says what x / 0.0 does: ``fault`` stops the program, as IEC 61131-3 has it; ``ieee`` gives an
    infinity or NaN, as many controllers do. Raises ``SourceError`` with line and column.

    >>> compile_text("PROGRAM p VAR a : INT; END_VAR a := b; END_PROGRAM")
    Traceback (most recent call last):
    ...
    lineshaft.plc.errors.SourceError: 1:37: unknown name 'b'; declare it, or correct its spelling
    """
    if real_division not in ("fault", "ieee"):
        raise ValueError(f"real_division is 'fault' or 'ieee', not {real_division!r}")
    try:
        return _built(check(parse(text)), name, checked=real_division == "fault")
    except SourceError as error:
        raise SourceError(error.what, where=_named(name, error.where), do=error.do) from None
    except RecursionError:
        raise SourceError("the text is nested too deeply", where=_named(name, "1:1"),
                          do="split it into smaller units") from None


def _named(name: str, where: str) -> str:
    return f"{name}:{where}" if name else where


def _built(names: t.Names, name: str, *, checked: bool) -> Program:
    records = Records(names)
    printer = Units(names, records.make, checked=checked)
    units = [printer.unit(unit) for unit in names.units.values()]
    python = "\n\n".join(units)
    space: dict[str, Any] = {**NAMESPACE, **printer.constants}
    try:
        exec(compile(python, "<structured text>", "exec"), space)
    except (SyntaxError, MemoryError) as error:  # Python's own limits of nesting
        why = f" ({error.args[0]})" if error.args else ""
        raise SourceError(f"the text is nested too deeply{why}, or an IF or CASE has thousands of arms", where="1:1",
                          do="split it into smaller units") from None
    runs = {unit.name: space[f"b_{unit.name}"] for unit in names.units.values() if unit.kind != "FUNCTION"}
    return Program(name, names, records, runs, python)
