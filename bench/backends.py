"""Four reference pipelines on every backend: parity, flips, time, memory and size, beside the bare engines.

All engines of a pipeline live in one process and step in turns, block after block, on the pipeline's own rows, so the
machine's noise hits all of them. Times are of single steps (wall clock, p50 and p99 over all blocks) less what the
clock itself costs (an empty loop in the same turns); CPU time is taken over whole blocks. Memory is measured in a fresh
process each. Forms (rewritten or as written) are chosen as ``bundle pack`` chooses them. Bare: ONNX Runtime's own
``run`` with a dictionary on the graph as written; for the trees lleaves on ready features, called without Python.

    python bench/backends.py --data ../shared/data --json
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from lineshaft import backend as backends
from lineshaft.app.forms import Form, offered
from lineshaft.app.in_turns import in_turns
from lineshaft.bundle.memory import fresh_process_memory
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.errors import LineshaftError
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Tolerance
from lineshaft.core.step import Engine
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden
from pipelines import cnn, image, monitor, trees
from pipelines.pipeline import Absent, Pipeline
from trees_alone import TreesAlone, trees_alone

BUILDS: dict[str, Callable[[Path], Pipeline]] = {
    "monitor": monitor.build, "trees": trees.build, "cnn": cnn.build, "image": image.build}
GOLDEN_TICKS = {"image": 2}
BLOCK = {"image": 4}
ANY = Tolerance(float("inf"), sys.maxsize)  # the bench reports gaps, it does not refuse


@dataclass
class Contender:
    """One engine in the turns: what a step costs, in ns."""

    name: str
    step: Callable[[], object]
    fill: Callable[[int], object]
    wall: list[NDArray[np.int64]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def block(self, count: int, start: int) -> None:
        spent, clock, step, fill = np.empty(count, np.int64), time.perf_counter_ns, self.step, self.fill
        before = time.process_time_ns()
        for i in range(count):
            fill(start + i)
            begun = clock()
            step()
            spent[i] = clock() - begun
        self.cpu.append((time.process_time_ns() - before) / count)
        self.wall.append(spent)

    def us(self, share: float) -> float:
        return float(np.quantile(np.concatenate(self.wall), share)) / 1e3


def contenders(pipeline: Pipeline, sequences: Sequence[Golden], target: Any, threads: str) -> list[Contender]:
    """Every backend that takes the pipeline, with its parity; the noes are told."""
    found = []
    x, quality = pipeline.golden
    for name in backends.backends():
        if elsewhere(name):
            continue
        backend = backends.backend(name)
        forms, reason = offered(pipeline.graph, backend, target)
        if not forms:
            progress(f"{pipeline.name} on {name}: no, {reason[:160]}")
            continue
        try:
            best = _quickest(forms, backend, target, pipeline, sequences)
        except LineshaftError as error:
            progress(f"{pipeline.name} on {name}: {error}")
            continue
        engine, artifact, form = best
        replayed = replay_golden(engine, sequences, ANY)
        memory = fresh_process_memory(partial(backend.load, artifact, signature(form.graph), target))
        one = Contender(name, engine.step, partial(_fill, engine, x, quality))
        one.facts = {"parity": replayed.parity, "relative": replayed.relative, "flips": replayed.flips,
                     "memory_mb": memory / 1e6, "artifact_kb": len(artifact) / 1e3, "form": form.name}
        found.append(one)
    return found


def elsewhere(name: str) -> bool:
    """Whether a backend is for other machines alone (a PLC, an FPGA): here it could only be emulated."""
    own = [one for one in map(backends.target, backends.targets()) if name in one.backends]
    return bool(own) and not any(one.runs_on(platform.machine()) for one in own)


def _quickest(forms: Any, backend: Any, target: Any, pipeline: Pipeline, sequences: Sequence[Golden]
              ) -> tuple[Engine, bytes, Form]:
    artifacts = [backend.compile(form.graph, target) for form in forms]
    if emulator := backend.facts(artifacts[0], target).emulator:
        raise LineshaftError(f"runs here only emulated ({emulator})")
    engines = [backend.load(artifact, signature(form.graph), target)
               for artifact, form in zip(artifacts, forms, strict=True)]
    medians = in_turns(engines, sequences, 3) if len(engines) > 1 else [(0, 0)]
    best = min(range(len(engines)), key=lambda i: medians[i][0])
    return engines[best], artifacts[best], forms[best]


def _fill(engine: Engine, x: NDArray[np.float32], quality: NDArray[np.float32], row: int) -> None:
    engine.x[0], engine.quality[0] = x[row % len(x)], quality[row % len(x)]


def bare(pipeline: Pipeline) -> Contender:
    """ONNX Runtime as people call it: a dictionary in, a list out, state handed over by Python."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(pipeline.graph, options, providers=["CPUExecutionProvider"])
    step = signature(pipeline.graph)
    feeds = {p.name: np.zeros((1, *p.shape), np.float32) for p in step.states}
    feeds |= {name: np.zeros((1, step.channels), np.float32) for name in ("x", "quality")}
    names = [o.name for o in session.get_outputs()]
    kept = [(len(step.outputs) + i, p.name) for i, p in enumerate(step.states)]
    x, quality = pipeline.golden

    def fill(row: int) -> None:
        feeds["x"][0], feeds["quality"][0] = x[row % len(x)], quality[row % len(x)]

    def run() -> None:
        found = session.run(names, feeds)
        for place, name in kept:
            feeds[name] = found[place]

    return Contender("bare onnxruntime", run, fill)


def empty() -> Contender:
    """What the clock and the loop cost."""
    return Contender("empty", lambda: None, lambda row: None)


def measure(pipeline: Pipeline, blocks: int) -> dict[str, Contender]:
    """All contenders of one pipeline by name."""
    x, quality = pipeline.golden
    ticks = GOLDEN_TICKS.get(pipeline.name, len(x))
    progress(f"{pipeline.name}: the reference over {ticks} ticks")
    sequences = [golden(pipeline.graph, x[:ticks], quality[:ticks], pipeline.name)]
    target = backends.target("pc")
    all_of_them = [empty(), bare(pipeline), *contenders(pipeline, sequences, target, "1")]
    count = BLOCK.get(pipeline.name, 200)
    for block in range(-1, blocks):
        for one in all_of_them:
            one.block(count, max(block, 0) * count)
            if block < 0:  # warm-up
                one.wall.clear()
                one.cpu.clear()
        progress(f"{pipeline.name}: block {block + 1} of {blocks}")
    return {one.name: one for one in all_of_them}


def rows(name: str, found: Mapping[str, Contender]) -> dict[str, dict[str, Any]]:
    """A row per backend: net p50 and p99, CPU, memory, size, parity."""
    idle = found["empty"]
    return {f"{name}/{one.name}": {
        "p50_us": one.us(0.5) - idle.us(0.5), "p99_us": one.us(0.99) - idle.us(0.5),
        "cpu_us": (float(np.median(one.cpu)) - float(np.median(idle.cpu))) / 1e3, **one.facts}
        for one in found.values() if one is not idle}


def speedup(table: Mapping[str, Mapping[str, Any]], name: str) -> float | None:
    """ONNX Runtime with bound buffers on the graph as written or rewritten, whichever is quicker, over ``c``."""
    theirs, ours = table.get(f"{name}/onnxruntime"), table.get(f"{name}/c")
    return theirs["p50_us"] / ours["p50_us"] if theirs and ours else None


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=data_folder, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--only", nargs="*", choices=list(BUILDS), default=list(BUILDS))
    parser.add_argument("--blocks", type=int, default=15, help="of 200 steps a backend (4 of the image's)")
    chosen = parser.parse_args()
    table: dict[str, dict[str, Any]] = {}
    alone: TreesAlone | None = None
    for name in chosen.only:
        progress(f"{name}: building")
        try:
            pipeline = BUILDS[name](chosen.data)
        except Absent as reason:
            progress(f"{name}: left out, {reason}")
            continue
        table |= rows(name, measure(pipeline, chosen.blocks))
        if name == "trees":
            alone = trees_alone(pipeline, chosen.blocks)
    finish(_result(table, alone, chosen.blocks), as_json=chosen.json)


def _result(table: dict[str, dict[str, Any]], alone: TreesAlone | None, blocks: int) -> Result:
    ours = [row for row in table.values() if "parity" in row]
    figures: dict[str, Any] = {
        "c_monitor_speedup": speedup(table, "monitor"), "c_cnn_speedup": speedup(table, "cnn"),
        "c_trees_vs_lleaves": alone.ratio if alone else None,
        "parity_max": max((row["parity"] for row in ours), default=None),
        "verdict_flips": sum(row["flips"] for row in ours), **table}
    peers = {"forest alone, us": {"c": alone.ours_us, "lleaves (its C function)": alone.lleaves_us,
                                  "lleaves predict": alone.predict_us}} if alone else {}
    aims = {"c_monitor_speedup": ">= 30", "c_cnn_speedup": ">= 15", "c_trees_vs_lleaves": "<= 1",
            "parity_max": "<= 1e-4", "verdict_flips": "0"}
    return Result("backends", f"four pipelines on every backend that takes them, batch 1, one thread, {blocks} blocks "
                              "in turns; ONNX Runtime with bound buffers is the row onnxruntime", figures, aims, peers)


if __name__ == "__main__":
    main()
