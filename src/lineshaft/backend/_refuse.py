"""Reasons for a no that every backend has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec

from lineshaft.core.errors import Refused
from lineshaft.core.step import Backend
from lineshaft.core.target import Target


def refusals(graph: bytes, target: Target, precisions: Sequence[str], extra: str = "",
             needs: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with the graph itself, the precision or the installation, before a runtime is asked.

    ``needs`` are modules that ``extra`` installs, each with its package's name.
    """
    from lineshaft.graph.check import problems

    found = list(problems(graph))
    if target.precision not in precisions:
        found.append(f"precision {target.precision} is not offered")
    found += [f"{package} is not installed; pip install 'lineshaft[{extra}]'"
              for module, package in (needs or {}).items() if not _installed(module)]
    return found


@cache
def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a parent of a dotted name
        return False


def version(package: str) -> str:
    """Name and version of an installed package, for certificates."""
    return f"{package} {metadata.version(package)}"


def or_refuse(backend: Backend, graph: bytes, target: Target) -> None:
    """Raise ``Refused`` with every reason of ``supports``."""
    support = backend.supports(graph, target)
    if not support:
        raise Refused("; ".join(support.reasons), where=f"backend {backend.name}")


def first_lines(error: BaseException, most: int = 2) -> str:
    """A library's message without its stack."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:most]) or type(error).__name__
