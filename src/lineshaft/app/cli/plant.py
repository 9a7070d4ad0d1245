"""``lineshaft plant``: the demo plant by itself."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import parse_duration

SERVE = """  lineshaft plant serve
  lineshaft plant serve --port 4840 --archive past.parquet --archive-for 20min
  (then type: inject pump-wear 0.8)"""


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="of the OPC UA server on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=10.0, help="seconds of process in a second of time")
    parser.add_argument("--archive", type=Path, help="write the plant's past to this Parquet file first")
    parser.add_argument("--archive-for", default="20min", help="how much of it")


def serve(chosen: argparse.Namespace) -> int:
    """Serve until stopped; the first line of stdout says where, as JSON."""
    from lineshaft.app import plant

    asyncio.run(plant.serve(
        seed=chosen.seed, speed=chosen.speed, port=chosen.port, archive=chosen.archive,
        archive_ns=parse_duration(chosen.archive_for, where="--archive-for"),
        ready=lambda url: print(json.dumps({"url": url, "archive": str(chosen.archive or "")}), flush=True)))
    return 0


def faults(chosen: argparse.Namespace) -> int:
    """The faults that can be injected."""
    from lineshaft.connect.plant.faults import FAULTS

    emit(chosen, [{"name": f.name, "sentence": f.sentence, "expected": f.expected} for f in FAULTS.values()],
         columns([[f.name, f.sentence] for f in FAULTS.values()]))
    return 0


COMMAND = Command("plant", "the demo plant: a process cell on a real OPC UA server", verbs=(
    Command("serve", "serve the plant over OPC UA; type 'inject NAME' to break it", SERVE, serve_arguments, serve),
    Command("faults", "list the faults that can be injected", "  lineshaft plant faults", None, faults)))
