"""The forms in which a graph is offered to a backend: rewritten, as it was written, and with its forests as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lineshaft.core.step import Backend
from lineshaft.core.target import Target
from lineshaft.graph.check import problems
from lineshaft.graph.rewrite import Change, apply, named

REWRITTEN, WRITTEN, TENSORS = "rewritten", "as written", "rewritten, forests as tensors"


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One graph that means the same as the task's, and what was changed in it."""

    name: str
    graph: bytes
    changes: tuple[Change, ...] = ()


def offered(graph: bytes, backend: Backend, target: Target) -> tuple[list[Form], str]:
    """The forms that a backend takes, most rewritten first; without any, why it does not take the graph."""
    if found := problems(graph):
        return [], "; ".join(found)
    forms = [form for form in _forms(graph) if backend.supports(form.graph, target)]
    if forms:
        return forms, ""
    tensors = _tensors(graph)
    if tensors is not None and backend.supports(tensors.graph, target):
        return [tensors], ""
    return [], "; ".join(backend.supports(graph, target).reasons)


@lru_cache(maxsize=8)
def _forms(graph: bytes) -> tuple[Form, ...]:
    rewritten, changes = apply(graph)
    written = Form(WRITTEN, graph)
    return (Form(REWRITTEN, rewritten, changes), written) if rewritten != graph else (written,)


@lru_cache(maxsize=8)
def _tensors(graph: bytes) -> Form | None:
    """For backends without ``ai.onnx.ml``; None where there is no forest."""
    first = _forms(graph)[0]
    changed, changes = apply(first.graph, (named("forest_to_tensor"),))
    return Form(TENSORS, changed, (*first.changes, *changes)) if changed != first.graph else None
