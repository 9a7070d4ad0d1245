"""A node's process with the base install only, for ``bench/loop.py``: resident memory after warm-up and at the end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from harness import resident_mb
from lineshaft.core.clock import SystemClock
from lineshaft.core.sample import Samples
from lineshaft.core.step import Port, StepSignature
from lineshaft.node.agent import quiet_process
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.loop import Loop
from loop_monitor import PERIOD, loaded


def main(folder: Path, ticks: int) -> None:
    found = json.loads((folder / "signature.json").read_text())
    ports = {kind: tuple(Port(port["name"], tuple(port["shape"])) for port in found[kind])
             for kind in ("outputs", "states")}
    signature = StepSignature(found["channels"], ports["outputs"], ports["states"])
    buffer = DiskBuffer(folder / "node", loop="bench")
    loop = Loop(loaded((folder / "step.onnx").read_bytes(), signature), clock=SystemClock(), emit=buffer.put)
    rows = 50 + np.random.default_rng(0).normal(size=(256, signature.channels))
    samples = Samples.row(loop.table.tags, 0, rows[0].copy())
    quiet_process()
    start = 0.0
    for tick in range(1, ticks + 1):
        samples.time.fill(tick * PERIOD)
        samples.value[:] = rows[tick % len(rows)]
        loop.feed(samples, tick * PERIOD)
        loop.tick(tick * PERIOD)
        if tick == min(ticks, 5_000):
            buffer.flush()
            start = resident_mb()
    buffer.close()
    print(json.dumps({"start_mb": start, "end_mb": resident_mb()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
