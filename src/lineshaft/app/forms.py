"""The forms in which a graph is offered to a backend: rewritten, and as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lineshaft.core.step import Backend
from lineshaft.core.target import Target
from lineshaft.graph.check import problems
from lineshaft.graph.rewrite import Change, apply

REWRITTEN, WRITTEN = "rewritten", "as written"


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One graph that means the same as the task's, and what was changed in it."""

    name: str
    graph: bytes
    changes: tuple[Change, ...] = ()


def offered(graph: bytes, backend: Backend, target: Target) -> tuple[list[Form], str]:
    """The forms that a backend takes, most rewritten first; without any, why it does not take the graph.

    A backend with ``wants_layers`` looks for whole layers, which streaming takes apart: as written comes first there.
    """
    if found := problems(graph):
        return [], "; ".join(found)
    every = _forms(graph)
    if getattr(backend, "wants_layers", False):
        every = every[::-1]
    forms = [form for form in every if backend.supports(form.graph, target)]
    if forms:
        return forms, ""
    return [], "; ".join(backend.supports(graph, target).reasons)


@lru_cache(maxsize=8)
def _forms(graph: bytes) -> tuple[Form, ...]:
    rewritten, changes = apply(graph)
    written = Form(WRITTEN, graph)
    return (Form(REWRITTEN, rewritten, changes), written) if rewritten != graph else (written,)
