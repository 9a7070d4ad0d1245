"""The JSON documents of a bundle: core dataclasses written canonically and read strictly."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import msgspec
import numpy as np

from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.manifest import Certificate, Manifest

SCHEMA = (1, 2)

Document = TypeVar("Document", Manifest, Certificate)


def encode(document: Manifest | Certificate) -> bytes:
    """Indented JSON with sorted keys, so equal documents are equal bytes.

    Raises ``UsageError`` where a number is NaN or infinite: JSON has no word for either.
    """
    plain = msgspec.to_builtins(document, enc_hook=_unbox)
    _require_finite(plain, type(document).__name__.lower())
    text = msgspec.json.encode({"schema": _written(SCHEMA), **plain}, order="sorted")
    return msgspec.json.format(text, indent=1) + b"\n"


def decode(raw: bytes, kind: type[Document], *, where: str) -> Document:
    """The document, or ``Refused`` with the field that is wrong.

    A document of an older minor schema takes the defaults for what it lacks. One of a newer minor schema is
    taken only if it says nothing this reader would have to ignore; a newer major schema is refused.
    """
    try:
        plain = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(f"is not JSON ({error})", where=where, do="pack the bundle again") from error
    schema = _schema(plain, where)
    try:
        found = msgspec.convert(plain, kind)
    except (msgspec.ValidationError, UsageError) as error:
        raise Refused(f"{error} (schema {schema})", where=where, do="pack the bundle again") from error
    if stranger := _unknown(plain, msgspec.to_builtins(found)):
        raise Refused(f"field {stranger} of schema {schema} is unknown here, where schemas up to "
                      f"{_written(SCHEMA)} are read", where=where, do="upgrade Lineshaft on this machine")
    return found


def _schema(plain: Any, where: str) -> str:
    """Takes the schema out of the document and says which it was."""
    written = plain.pop("schema", None) if isinstance(plain, dict) else None
    parts = written.split(".") if isinstance(written, str) else []
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise Refused("names no schema version", where=where, do="pack the bundle again")
    if int(parts[0]) != SCHEMA[0]:
        raise Refused(f"is written in schema {written}, and schemas {SCHEMA[0]}.x are read here", where=where,
                      do="upgrade Lineshaft on the machine with the older version")
    return f"{int(parts[0])}.{int(parts[1])}"


def _unknown(found: Any, known: Any, path: str = "") -> str:
    """Path of the first field that conversion dropped; empty if none."""
    if isinstance(found, dict) and isinstance(known, dict):
        for name, value in found.items():
            here = f"{path}.{name}" if path else name
            if name not in known:
                return here
            if deeper := _unknown(value, known[name], here):
                return deeper
    elif isinstance(found, list) and isinstance(known, list | tuple):
        for i, (value, kept) in enumerate(zip(found, known, strict=True)):
            if deeper := _unknown(value, kept, f"{path}[{i}]"):
                return deeper
    return ""


def _require_finite(value: Any, path: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{value} can't be written", where=path, do="leave the figure out or make it finite")
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_finite(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            _require_finite(inner, f"{path}[{i}]")


def _unbox(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise UsageError(f"a {type(value).__name__} can't be written", where="manifest or certificate",
                     do="use plain numbers and text")


def _written(schema: tuple[int, int]) -> str:
    return f"{schema[0]}.{schema[1]}"
