"""Which reader takes a file or an object, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import onnx

from lineshaft.core import discovery
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError

FAMILY = "lineshaft.graph.foreign"


@dataclass(frozen=True, slots=True)
class How:
    """What the user says of a model that its file doesn't: the shape of its input for one asset, and whether code that
    comes with the file may run (``trust``: pickles and TensorFlow's lambdas are programs)."""

    shape: tuple[int, ...] | None = None
    trust: bool = False


def readers() -> tuple[str, ...]:
    """Names of the readers there are."""
    return discovery.names(FAMILY)


def from_file(path: Path, name: str = "", how: How | None = None) -> onnx.ModelProto:
    """The model in a file, read by the reader of that name or by the one that knows its ending."""
    if not path.exists():
        raise UsageError("no such file", where=str(path), do="check the path")
    reader = discovery.load(FAMILY, name) if name else _by_ending(path)
    try:
        return _own(reader.from_file(path, how or How()))
    except LineshaftError as error:
        raise type(error)(error.what, where=error.where or str(path), do=error.do) from None
    except ModuleNotFoundError as error:
        raise _absent(error, reader, str(path)) from None


def from_object(thing: object, name: str = "", how: How | None = None) -> onnx.ModelProto:
    """The model that an object of some framework is."""
    if isinstance(thing, onnx.ModelProto):
        return thing
    kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
    for reader in [discovery.load(FAMILY, name)] if name else _all():
        if reader.takes(thing):
            try:
                return _own(reader.from_object(thing, how or How()))
            except ModuleNotFoundError as error:
                raise _absent(error, reader) from None
    raise UsageError(f"no reader takes a {kind}", do=f"give a model of one of: {', '.join(readers())}")


def inherits(thing: object, package: str, name: str) -> bool:
    """Whether a class of that name in that package is among its ancestors, without importing it."""
    return any(c.__name__ == name and c.__module__.partition(".")[0] == package for c in type(thing).__mro__)


@cache
def _all() -> tuple[ModuleType, ...]:
    return tuple(discovery.load(FAMILY, name) for name in readers())


def _by_ending(path: Path) -> ModuleType:
    named = path.name.lower()
    found = [reader for reader in _all() if any(named.endswith(ending) for ending in reader.ENDINGS)]
    if len(found) > 1:
        sniffed = [reader for reader in found if reader.recognises(path)]
        found = sniffed or found
    if not found:
        known = sorted({ending for reader in _all() for ending in reader.ENDINGS})
        raise UsageError(f"no reader knows the ending {path.suffix or path.name!r}", where=str(path),
                         do=f"say what it is with --as ({', '.join(readers())}); endings known: {', '.join(known)}")
    return found[0]


def _own(model: Any) -> onnx.ModelProto:
    if not isinstance(model, onnx.ModelProto):
        raise Refused("its framework gave no ONNX model")
    return model


def _absent(error: ModuleNotFoundError, reader: ModuleType, where: str = "") -> EnvironmentFailed:
    return EnvironmentFailed(f"a model of {reader.__name__.rpartition('.')[2]} is read with the Python package "
                             f"{error.name!r}, which is not installed", where=where,
                             do=f"pip install {error.name}")
