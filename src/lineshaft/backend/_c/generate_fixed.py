"""Graph -> source and layout of precision ``fixed``: integers only. Like ``generate`` it needs the graph package."""

from __future__ import annotations

import math
from typing import Any

import onnx

from lineshaft.backend._c import generate, integers
from lineshaft.backend._c.manner import Manner
from lineshaft.backend._c.write import Source, write
from lineshaft.core.target import Target
from lineshaft.graph.loops import points
from lineshaft.graph.loops.fixed import Fixed, without_rule
from lineshaft.graph.loops.fixed import integers as in_integers
from lineshaft.graph.loops.lower import lower
from lineshaft.graph.loops.plan import plan

PRECISION = "fixed"


def problems(graph: bytes) -> list[str]:
    """Why a graph that can be lowered has no form in integers."""
    if not points.of_model(onnx.load_from_string(graph)):
        return ["the graph carries no ranges of its tensors, which integers need; app.precision puts them there"]
    return [f"precision fixed has no rule for {kind}" for kind in without_rule(lower(graph, marked=True))]


def generated(graph: bytes, target: Target) -> tuple[Source, dict[str, Any]]:
    """C source without floating point, and a layout that says the binary point of everything in the struct."""
    model = onnx.load_from_string(graph)
    channels = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    inputs = points.channel_points(points.of_model(model), channels)
    found = _fitting(graph, target, inputs)
    places = plan(found.program)
    source = write(found.program, places, manner=_manner(found))
    layout = generate.layout(found.program, places, source)
    for told, state in zip(layout["states"], found.program.states, strict=True):
        told |= {"point": found.points[state.name], "wide": state.buffer.dtype == "int64"}
    layout["points"] = {"x": list(inputs), "limit": found.limit if math.isfinite(found.limit) else None,
                        "outputs": {b.name: found.points[b.name] for b in found.program.outputs}}
    return source, layout


def _fitting(graph: bytes, target: Target, inputs: tuple[int, ...]) -> Fixed:
    """With rings in what memory the rest leaves, as ``generate`` has it."""
    def made(room: int) -> Fixed:
        return in_integers(lower(graph, memory_bytes=room, marked=True), inputs,
                           short_weights=target.option("c", "weights") == "16")

    left = target.memory_bytes - generate.STACK - plan(made(0).program).ram_bytes
    return made(max(left, 0))


def _manner(found: Fixed) -> Manner:
    told = ("All numbers are integers with a binary point: v stands for v / 2^point. Write x (channel i rounded to",
            "x 2^STEP_POINT_x[i] and saturated at 2^31 - 1; -2^31 where there is no number) and quality (1 where a",
            "value may be used, else 0), call the step, read the outputs.")
    return Manner(integers.functions, told, {b.name: found.points[b.name] for b in found.program.outputs}, found.inputs)
