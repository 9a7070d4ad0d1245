"""What an edge install costs: megabytes, packages, start to first decision, resident memory.

``pip install 'lineshaft[opcua]'`` from this very tree into a fresh virtual environment. There, a whole node starts:
it verifies a signed bundle with a 64 x 52 monitor, loads it, replays its golden sequence, connects to a real OPC UA
server, serves its own, and decides on live tags every 100 ms; measured from before the process exists.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from harness import Result, arguments, finish, progress
from lineshaft import __version__, backend
from lineshaft.bundle.certify import certify
from lineshaft.bundle.contents import Lowering
from lineshaft.bundle.keys import new_key
from lineshaft.bundle.oci import digest
from lineshaft.bundle.pack import pack
from lineshaft.connect.registry import open_connector
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden

ROOT = Path(__file__).resolve().parents[1]
TAGS, WINDOW, RUNS = 52, 64, 9
PERIOD_NS = 100_000_000
NOT_OURS = {"pip", "setuptools"}

# What the measured process runs, with the paths of bundle and key and the plant's address as arguments: a whole
# node. It prints the word ``decision`` once a decision exists, then one line of JSON.
FIRST_DECISION = """
import asyncio, json, sys
from pathlib import Path
from lineshaft.app.edge import Place, serve
from lineshaft.bundle.machine import resident_bytes

def ready(node, url):
    def decided(decision):
        node.on_decision.remove(decided)
        print("decision", decision.score, flush=True)
        print(json.dumps({"rss": resident_bytes(), "modules": len(sys.modules)}), flush=True)
        node.stop("measured")
    node.on_decision.append(decided)

place = Place(Path(sys.argv[1]).parent / "node", (Path(sys.argv[2]),), opcua_port=0)
asyncio.run(serve(Path(sys.argv[1]), sys.argv[3], place, ready=ready))
"""


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment and what the install put into it."""

    python: Path
    packages: list[str]
    install_mb: float
    bytecode_mb: float
    largest: dict[str, float]


def install(folder: Path) -> Environment:
    """A fresh virtual environment with the edge install; sizes are of its files (10^6 bytes), pip apart.

    ``bytecode_mb`` is the part of it that pip compiles after unpacking; ``--no-compile`` would leave it out.
    """
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    before = _megabytes(folder)
    site = next(folder.glob("[Ll]ib*/**/site-packages"))
    bytecode_before = _megabytes(site, ".pyc")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{ROOT}[opcua]"],
                   check=True, stdout=sys.stderr)
    listed = subprocess.run([python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
                            check=True, capture_output=True, text=True).stdout
    packages = [entry["name"] for entry in json.loads(listed) if entry["name"] not in NOT_OURS]
    sizes = {entry.name: _megabytes(entry) for entry in site.iterdir() if entry.name not in NOT_OURS}
    largest = dict(sorted(sizes.items(), key=lambda item: -item[1])[:6])
    return Environment(python, packages, _megabytes(folder) - before,
                       _megabytes(site, ".pyc") - bytecode_before, largest)


def monitor() -> bytes:
    """A window of 64 ticks x 52 tags, its mean per tag, and a quadratic statistic of 10 components."""
    g = StepBuilder(TAGS)
    window = g.window("window", g.x, WINDOW)
    level = g.multiply(g.sum(window, axis=0), np.full(TAGS, 1.0 / WINDOW))
    directions = np.linalg.qr(np.random.default_rng(1).normal(size=(TAGS, 10)))[0]
    score = g.ewma("smooth", g.sum(g.square(g.project(level, directions))), 0.1)
    return g.model({"score": score, "alarm": g.number(g.greater(score, 1e9))})


@contextmanager
def plant() -> Iterator[str]:
    """A process with a real OPC UA server of 52 tags; its address."""
    command = [sys.executable, "-m", "lineshaft.connect.opcua", "--tags", str(TAGS), "--period", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def browsed(url: str) -> tuple[Tag, ...]:
    """The plant's tags as a manifest holds them: with their addresses, so that a node need not browse."""
    connector = open_connector(url)
    await connector.open()
    try:
        return tuple(await connector.browse())
    finally:
        await connector.close()


def bundle(folder: Path, tags: tuple[Tag, ...]) -> tuple[Path, Path]:
    """A certified and signed bundle of that monitor, and the public key."""
    graph, target = monitor(), backend.target("pc")
    engine_of = backend.backend("onnxruntime")
    random = np.random.default_rng(2)
    sequence = golden(graph, random.normal(size=(200, TAGS)).astype(np.float32),
                      np.ones((200, TAGS), np.float32))
    budget = Budget(target.deadline_ns, target.memory_bytes)
    artifact, ports = engine_of.compile(graph, target), signature(graph)
    certificate = certify(partial(engine_of.load, artifact, ports, target), [sequence], target,
                          backend=engine_of.name, graph=digest(graph), budget=budget)
    manifest = Manifest("footprint", "monitor", 1, tags, PERIOD_NS, 30 * PERIOD_NS,
                        ports, budget, Limits(), Lineage("", "", __version__, time.time_ns(), "fixed", "benchmark"))
    key = new_key(folder / "bench.key")
    packed = pack(folder / "footprint.tar", manifest=manifest, graph=graph, card="", key=folder / "bench.key",
                  lowerings=[Lowering(artifact, certificate)], golden=[sequence])
    return packed.path, key.path


def first_decision(python: Path, packed: Path, key: Path, url: str) -> tuple[float, float, int]:
    """Seconds from before the process exists to its first decision, its resident megabytes, its modules."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    start = time.perf_counter()
    with subprocess.Popen([python, "-c", FIRST_DECISION, packed, key, url], stdout=subprocess.PIPE, text=True,
                          env=environment, cwd=packed.parent) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        rest = process.stdout.read()
    if not line.startswith("decision") or process.returncode:
        sys.exit("the edge process gave no decision; its own words are above")
    found = json.loads(rest)
    return seconds, found["rss"] / 1e6, found["modules"]


def main() -> None:
    chosen = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="lineshaft-footprint-") as scratch:
        folder = Path(scratch)
        progress("installing lineshaft[opcua] into a fresh environment")
        edge = install(folder / "venv")
        with plant() as url:
            progress("certifying and packing a 64 x 52 monitor")
            packed, key = bundle(folder, asyncio.run(browsed(url)))
            progress(f"starting {RUNS} nodes one after another")
            runs = [first_decision(edge.python, packed, key, url) for _ in range(RUNS)]
    seconds = [run[0] for run in runs]
    finish(Result(
        "footprint", f"{RUNS} starts, median; the first one also apart (files not yet in the page cache)",
        figures={"install_mb": edge.install_mb, "bytecode_mb": edge.bytecode_mb, "packages": len(edge.packages),
                 "first_decision_s": statistics.median(seconds), "first_start_s": seconds[0],
                 "rss_mb": statistics.median(run[1] for run in runs), "modules": runs[0][2],
                 "largest_mb": edge.largest, "package_names": edge.packages},
        aims={"install_mb": "<= 200", "first_decision_s": "<= 1.5"}), as_json=chosen.json)


def _megabytes(path: Path, suffix: str = "") -> float:
    files = [path] if path.is_file() else [file for file in path.rglob(f"*{suffix}") if file.is_file()]
    return sum(file.stat().st_size for file in files if not file.is_symlink()) / 1e6


if __name__ == "__main__":
    main()
