"""Bytes and files to a model that may be walked without care."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path, PurePosixPath

import onnx
from onnx import TensorProto

from lineshaft.core.errors import LineshaftError, Refused, UsageError
from lineshaft.graph.untrusted.functions import inlined
from lineshaft.graph.untrusted.limits import LIMITS, Limits
from lineshaft.graph.untrusted.rules import DOMAINS, faults, shown
from lineshaft.graph.untrusted.wire import survey


def parsed(data: bytes, limits: Limits = LIMITS) -> onnx.ModelProto:
    """A model out of bytes, surveyed first. Raises ``UsageError`` for what is no ONNX, ``Refused`` beyond a limit."""
    model = onnx.ModelProto()
    survey(data, model.DESCRIPTOR, limits)
    try:
        model.ParseFromString(data)
    except Exception as error:  # noqa: BLE001 - the protobuf parsers differ in what they raise
        raise UsageError(f"not a valid ONNX model: {str(error).splitlines()[0] if str(error) else 'truncated'}"
                         ) from None
    return model


def checked(model: onnx.ModelProto, limits: Limits = LIMITS, domains: Collection[str] = DOMAINS) -> onnx.ModelProto:
    """The model without functions, once no rule is broken; ``Refused`` with the first few that are."""
    plain = inlined(model, limits)
    found = list(dict.fromkeys(faults(plain, limits, domains)))
    if found:
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        raise Refused("; ".join(found[:3]) + more)
    return plain


def opened(path: Path, limits: Limits = LIMITS, domains: Collection[str] = DOMAINS) -> onnx.ModelProto:
    """The model in a file, with data that it keeps in other files of the same folder."""
    try:
        model = parsed(read(path, limits), limits)
        _bring_in(model, path.parent, limits)
        return checked(model, limits, domains)
    except LineshaftError as error:
        raise type(error)(error.what, where=error.where or str(path), do=error.do) from None


def read(path: Path, limits: Limits = LIMITS) -> bytes:
    """The bytes of a file, no more than the limit."""
    try:
        if not path.is_file():
            raise UsageError("no such file", where=str(path), do="check the path")
        if path.stat().st_size > limits.file_bytes:
            raise Refused(f"it has {path.stat().st_size:,} bytes, at most {limits.file_bytes:,} are read",
                          where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't be read ({error.strerror})", where=str(path), do="check the path") from None


def _bring_in(model: onnx.ModelProto, folder: Path, limits: Limits) -> None:
    """External data of initializers, inlined; every other tensor has to hold its own."""
    total = 0
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        data = _piece(tensor, folder, limits.file_bytes - total)
        total += len(data)
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
        tensor.raw_data = data


def _piece(tensor: onnx.TensorProto, folder: Path, most: int) -> bytes:
    where = f"initializer {shown(tensor.name)}"
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = inside(folder, entries.get("location", ""), where)
    try:
        start = int(entries.get("offset", "0"))
        size = int(entries.get("length", "-1"))
    except ValueError:
        raise Refused(f"{where}: the place of its data is no number") from None
    try:
        with path.open("rb") as file:
            there = os.fstat(file.fileno()).st_size
            size = there - start if size < 0 else size
            if start < 0 or size < 0 or start + size > there:
                raise Refused(f"{where}: its data reaches beyond the end of {path.name}")
            if size > most:
                raise Refused(f"{where}: with its data the model is larger than what is read")
            file.seek(start)
            return file.read(size)
    except OSError as error:
        raise UsageError(f"{where}: its data in {shown(path.name)} can't be read ({error.strerror})") from None


def inside(folder: Path, location: str, where: str) -> Path:
    """The file that is named, only inside the folder of the model: no way up, no link out."""
    named = PurePosixPath(location)
    parts = named.parts
    if not parts or named.is_absolute() or ".." in parts or "\\" in location or ":" in location or "\0" in location:
        raise Refused(f"{where}: its data in {shown(location) or 'a file without a name'!r} is outside of the "
                      f"model's folder", do="keep the data beside the model")
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Refused(f"{where}: its data in {shown(location)} leads out of the model's folder")
    if not path.is_file():
        raise UsageError(f"{where}: its data file {shown(location)} is missing")
    return path
