"""A model made elsewhere becomes a step graph: preparation, the model, and a decision, as blocks of one pipeline."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.step import StepSignature
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.check import signature
from lineshaft.graph.importing.inputs import Input, inputs
from lineshaft.graph.importing.reading import How, from_file, from_object
from lineshaft.graph.importing.registry import domains
from lineshaft.graph.untrusted.opening import checked
from lineshaft.model.blocks.decide import Alarm, Score
from lineshaft.model.blocks.imported import Chosen, Imported, Masked, Scaled, Statistics, Windowed
from lineshaft.model.pipeline import Block, Pipeline, Wires

SCORE, ALARM = "score", "alarm"
RESERVED = ("x", "quality", "features", "warm", "smooth", SCORE, ALARM, "held", "rows", "age", "alarm_on", "above_for")
MASKS = ("hold", "zero", "nan")


@dataclass(frozen=True, slots=True)
class Around:
    """What the author of a model did around it, said in blocks.

    ``window`` ticks (0: none) go in as rows of time, or of tags with ``by_tag``; ``statistics`` of the window in their
    place. ``mean`` and ``scale`` are one number, or one a tag, and come before the window. ``mask`` says what stands
    for a value of bad quality. ``names`` gives outputs other names.
    """

    window: int = 0
    by_tag: bool = False
    statistics: tuple[str, ...] = ()
    mean: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None
    mask: str = "hold"
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decide:
    """Which output is watched, as ``name`` or ``name:place``, and when it means an alarm.

    The score is 0 where the output is ``normal`` and 1 at ``threshold``, which may lie below; the alarm comes after
    ``debounce`` ticks in a row and goes once the score is under ``release``.
    """

    threshold: float
    output: str = ""
    normal: float = 0.0
    debounce: int = 1
    release: float = 0.85


@dataclass(frozen=True, slots=True)
class Made:
    """A step graph out of a foreign model, and what to tell of it."""

    graph: bytes
    signature: StepSignature
    taken: tuple[Input, ...]
    blocks: tuple[str, ...]
    before: dict[str, int]
    after: dict[str, int]
    notes: tuple[str, ...]


def import_model(source: object, around: Around | None = None, decide: Decide | None = None, *, reader: str = "",
                 how: How | None = None) -> Made:
    """A path or an object of a framework as a step graph.

    Raises ``UsageError`` for what is said wrongly and ``Refused``, with the operator's name, for what can't be taken.
    """
    how = how or How()
    where = str(source) if isinstance(source, str | Path) else type(source).__name__
    model = (from_file(Path(source), reader, how) if isinstance(source, str | Path)
             else from_object(source, reader, how))
    try:
        return build(checked(model, domains=domains()), around or Around(), decide, how.shape)
    except (Refused, UsageError) as error:
        raise type(error)(error.what, where=error.where or where, do=error.do) from None


def build(model: onnx.ModelProto, around: Around, decide: Decide | None, shape: Sequence[int] | None) -> Made:
    """The blocks around a model, and all of it as one graph."""
    taken = inputs(model, shape)
    channels = _channels(sum(one.size for one in taken), around)
    imported = Imported(model, taken, around.names, RESERVED)
    blocks: list[Block] = [*_before(around, channels), imported]
    _try_out(blocks, channels)
    names, pipeline = list(imported.written.wires), blocks
    if decide is not None:
        pipeline = [*blocks, *_after(decide, imported.written.wires)]
        names = [SCORE, ALARM, *names]
    graph = Pipeline(channels, tuple(pipeline)).graph(names)
    made = signature(graph)
    after = Counter(node.op_type for node in onnx.load_from_string(graph).graph.node)
    return Made(graph, made, taken, tuple(type(block).__name__.lower() for block in pipeline),
                dict(Counter(node.op_type for node in model.graph.node).most_common()), dict(after.most_common()),
                imported.written.notes)


def _try_out(blocks: Sequence[Block], channels: int) -> None:
    """Emit them once, after which the imported model knows what its outputs are called."""
    g = StepBuilder(channels)
    wires: Wires = {"x": g.x, "quality": g.quality}
    for block in blocks:
        wires.update(block.emit(g, wires))


def _channels(features: int, around: Around) -> int:
    """How many tags go in, out of how many features the model takes."""
    if around.window < 0 or around.window > 100_000:
        raise UsageError(f"a window of {around.window} ticks is not possible", where="--window")
    if around.statistics and not around.window:
        raise UsageError("statistics are those of a window", where="--statistics", do="add --window")
    each = len(around.statistics) or max(around.window, 1)
    channels, rest = divmod(features, each)
    if rest:
        kind = f"{each} statistics" if around.statistics else f"{each} ticks"
        raise UsageError(f"the model takes {features} features, which {kind} of whole tags don't give",
                         where="--statistics" if around.statistics else "--window")
    return channels


def _before(around: Around, channels: int) -> list[Block]:
    if around.mask not in MASKS:
        raise UsageError(f"{around.mask!r} is no way of masking", where="--mask", do=f"use one of {', '.join(MASKS)}")
    blocks: list[Block] = [Masked(around.mask)]
    if around.mean is not None or around.scale is not None:
        mean, scale = (np.asarray(default if given is None else given, np.float64).ravel()
                       for given, default in ((around.mean, 0.0), (around.scale, 1.0)))
        for name, values in (("--mean", mean), ("--scale", scale)):
            if values.size not in (1, channels) or not np.isfinite(values).all():
                raise UsageError(f"it has {values.size} numbers for {channels} tags, or some that are not finite",
                                 where=name, do="give one number, or one a tag")
        if not scale.all():
            raise UsageError("a scale of 0 divides by nothing", where="--scale", do="give 1 for a tag that never moves")
        blocks.append(Scaled(mean, scale))
    if around.window:
        blocks.append(Windowed(around.window, around.by_tag and not around.statistics))
    if around.statistics:
        blocks.append(Statistics(around.statistics))
    return blocks


def _after(decide: Decide, outputs: Mapping[str, Wire]) -> list[Block]:
    name, place = _watched(decide.output, outputs)
    if decide.threshold == decide.normal:
        raise UsageError(f"the threshold {decide.threshold:g} is the normal value itself", where="--threshold",
                         do="say with --normal what the output is when all is well")
    if decide.debounce < 1 or not 0.0 <= decide.release <= 1.0:
        raise UsageError("the debounce is under 1 tick, or the release is not from 0 to 1",
                         where="--debounce --release")
    return [Chosen(name, place, decide.normal), Score(decide.normal, decide.threshold - decide.normal),
            Alarm(decide.release, decide.debounce)]


def _watched(said: str, outputs: Mapping[str, Wire]) -> tuple[str, int]:
    """The output and its place: what was said, else the only number, else the second of two probabilities."""
    sizes = {name: math.prod(wire.shape) for name, wire in outputs.items()}
    told = ", ".join(f"{name} ({size} numbers)" for name, size in sizes.items())
    if not said:
        last, size = list(sizes.items())[-1]
        if size > 2 or (len(sizes) > 1 and size == 1 and list(sizes.values()).count(1) > 1):
            raise UsageError(f"it is not clear which output is the score: {told}", where="--score",
                             do="name one, such as --score probabilities:1")
        return last, size - 1
    name, _, digits = said.partition(":")
    if name not in sizes or (digits and not digits.isdecimal()) or int(digits or 0) >= sizes[name]:
        raise UsageError(f"there is no output {said!r}; there are {told}", where="--score")
    if not digits and sizes[name] > 1:
        raise UsageError(f"{name} has {sizes[name]} numbers", where="--score", do=f"say which: --score {name}:0")
    return name, int(digits or 0)
