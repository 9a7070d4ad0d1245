"""A step graph in three: what runs before the FPGA core, the core, and what runs after it.

Each part is a step graph of its own, so that any backend can run it. A part takes its tensors flat and
side by side in ``x``, in the order of ``Layout``, and nothing reads its ``quality``; truth values and integers travel
as numbers. A state belongs to the part that computes its next value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lineshaft.backend._hls.engine import Layout, Piece
from lineshaft.backend._hls.graph import StepView
from lineshaft.backend._hls.region import Region
from lineshaft.core.errors import Refused
from lineshaft.graph.builder import ASSETS, IR_VERSION
from lineshaft.graph.check import signature

X, QUALITY = "x", "quality"


@dataclass(frozen=True, slots=True)
class Partition:
    """The parts as step graphs; ``before`` then ``core`` then ``after`` computes what the whole did."""

    before: bytes
    core: bytes
    after: bytes
    layout: Layout


def partition(view: StepView, region: Region) -> Partition:
    """Cut a step graph around a region. Raises ``Refused`` where a tensor that crosses the cut has no known shape."""
    late = _late(view, region)
    owned = {state: view.kept_by(state) in late for state in view.states}
    early = _early(view, region, late)
    outputs = view.outputs[:len(view.outputs) - len(view.states)]
    crossing = _crossing(view, late, early, owned)
    direct = [name for name in crossing if name in (X, QUALITY)]
    passed = [name for name in crossing if name not in direct]
    foreign = [s for s in view.states if owned[s] and (s == region.source or any(s in n.input for n in early))]
    stem = _free_stem(view)
    into_before, into_after = _pieces(view, [X, QUALITY, *foreign]), _pieces(view, [*region.results, *direct, *passed])
    source, results = _pieces(view, [region.source]), _pieces(view, region.results)
    before = _part(view, into_before, [region.source, *(name for name in passed if name != region.source)],
                   [o for o in outputs if o not in late], [s for s in view.states if not owned[s]], stem)
    core = _part(view, source, region.results, (), (), stem)
    after = _part(view, into_after, (), [o for o in outputs if o in late], [s for s in view.states if owned[s]], stem)
    return Partition(before, core, after, Layout(into_before, source[0], results, into_after, f"{stem}_",
                                                 signature(before), signature(after)))


def _early(view: StepView, region: Region, late: set[str]) -> list[onnx.NodeProto]:
    inside = {name for node in region.nodes for name in node.output}
    return [n for n in view.nodes if not inside.union(late).intersection(n.output) and view.moving(n)]


def _late(view: StepView, region: Region) -> set[str]:
    """Tensors made after the core: what depends on it, and what is read with a state that depends on it."""
    inside = {name for node in region.nodes for name in node.output}
    ahead = {name for node in view.upstream([region.source]) for name in node.output}
    late: set[str] = set()
    while True:
        belated = [s for s in view.states if view.kept_by(s) in late]
        found = {name for node in view.downstream([*region.results, *belated]) for name in node.output}
        found -= inside | ahead
        if found <= late:
            return late
        late |= found


def _crossing(view: StepView, late: set[str], early: Sequence[onnx.NodeProto], owned: Mapping[str, bool]) -> list[str]:
    """Tensors other than the core's results that the last part reads and doesn't make."""
    made = {X, QUALITY, *(name for node in early for name in node.output), *(s for s, own in owned.items() if not own)}
    readers = [node for node in view.nodes if late.intersection(node.output)]
    return list(dict.fromkeys(name for node in readers for name in node.input if name in made))


def _pieces(view: StepView, names: Sequence[str]) -> tuple[Piece, ...]:
    shapes = [(name, view.shape(name)) for name in names]
    unknown = [name for name, shape in shapes if shape is None]
    if unknown:
        raise Refused(f"the shape of {', '.join(unknown)} is not known", where="partition of the step graph",
                      do="give the graph static shapes but for the asset axis")
    return tuple(Piece(name, shape or ()) for name, shape in shapes)


def _free_stem(view: StepView) -> str:
    """No name of the graph begins with it; with ``_`` tensors handed over do, with ``.`` a part's inner ones."""
    names = [*view.inputs, *view.constants, *(name for node in view.nodes for name in node.output)]
    stem = "cut"
    while any(name.startswith(stem) for name in names):
        stem += "_"
    return stem


def _part(view: StepView, given: Sequence[Piece], crossing: Sequence[str], outputs: Sequence[str],
          states: Sequence[str], stem: str) -> bytes:
    """A step graph from ``given`` to the tensors ``crossing``, under names with the stem, and to ``outputs``."""
    kept = [view.kept_by(state) for state in states]
    border = _Border(view, stem)
    border.take(given)
    border.nodes += view.upstream([*crossing, *outputs, *kept], until=[*(p.name for p in given), *states])
    handed = border.give(crossing)
    used = {name for node in border.nodes for name in node.input}
    constants = [c for c in view.model.graph.initializer if c.name in used]
    width = (sum(piece.size for piece in given),)
    arguments = [_value(X, width), _value(QUALITY, width), *(_value(s, view.shape(s)) for s in states)]
    results = [_value(name, view.shape(name)) for name in (*outputs, *kept)]
    graph = helper.make_graph(border.named(), "step", arguments, [*handed, *results], [*constants, *border.constants])
    model = helper.make_model(graph, opset_imports=list(view.model.opset_import), ir_version=IR_VERSION,
                              producer_name="lineshaft")
    return bytes(model.SerializeToString(deterministic=True))


class _Border:
    """The operators of a part, with those that unpack its ``x`` and hand its tensors over."""

    def __init__(self, view: StepView, stem: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._view, self._stem = view, stem

    def take(self, given: Sequence[Piece]) -> None:
        """Each piece of ``x`` under its own name, shape and type."""
        ends = accumulate(piece.size for piece in given)
        for piece, end in zip(given, ends, strict=True):
            bounds = [self._integers([v]) for v in (end - piece.size, end, 1)]
            self._add("Slice", [self._inner(X), *bounds], self._inner(f"flat_{piece.name}"))
            shaped = self._inner(f"shaped_{piece.name}")
            self._add("Reshape", [self._inner(f"flat_{piece.name}"), self._integers([-1, *piece.shape])], shaped)
            self._add("Cast", [shaped], piece.name, to=self._view.element(piece.name))

    def give(self, names: Sequence[str]) -> list[onnx.ValueInfoProto]:
        """The tensors as float32 under names with the stem."""
        for name in names:
            self._add("Cast", [name], f"{self._stem}_{name}", to=TensorProto.FLOAT)
        return [_value(f"{self._stem}_{name}", self._view.shape(name)) for name in names]

    def named(self) -> list[onnx.NodeProto]:
        """The operators, where the whole graph's ``x`` and ``quality`` have given their names to the part's own."""
        names = {X: self._inner(f"whole_{X}"), QUALITY: self._inner(f"whole_{QUALITY}"), self._inner(X): X}
        for node in (copies := [_copy(node) for node in self.nodes]):
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names.get(name, name) for name in node.output]
        return copies

    def _inner(self, name: str) -> str:
        return f"{self._stem}.{name}"

    def _add(self, kind: str, inputs: Sequence[str], output: str, **attributes: int) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{output}", **attributes))

    def _integers(self, values: Sequence[int]) -> str:
        name = self._inner(f"c{len(self.constants)}")
        self.constants.append(numpy_helper.from_array(np.asarray(values, np.int64), name))
        return name


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy


def _value(name: str, shape: tuple[int, ...] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [ASSETS, *(shape or ())])
