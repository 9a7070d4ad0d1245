"""``lineshaft graph compress``: a smaller or quicker graph, chosen on some recorded data and reported on other."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.errors import EnvironmentFailed, UsageError

if TYPE_CHECKING:
    from lineshaft.app.compress import Trial

EXAMPLES = """  lineshaft graph compress bundles/cell-1 small.onnx --data history.csv
  lineshaft graph compress model.onnx small.onnx --data export.parquet --method static-int8 --method prune-40"""
HEADER = ["way", "bytes", "smaller", "quicker", "metric", "flips", "tail p99", "p99.9", ""]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("graph", type=Path, help="a bundle folder, .tar, or an .onnx file")
    parser.add_argument("out", type=Path, help="the .onnx file to write; it must not exist yet")
    parser.add_argument("--data", type=Path, required=True,
                        help="recorded data of the same tags (CSV, Parquet); a label column is used where there is one")
    parser.add_argument("--target", default="pc", help="whose engine gives the speeds")
    parser.add_argument("--method", action="append", help="only this way to compress; may be repeated. Ways joined by "
                        "+ are done one after another: prune-30+static-int8")
    parser.add_argument("--smallest", action="store_true", help="choose the smallest instead of the quickest")
    parser.add_argument("--drop", type=float, default=0.5, help="points of the metric that may be lost")
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.add_argument("--progress-json", action="store_true", help="progress as JSON lines on stderr")


def do(chosen: argparse.Namespace) -> int:
    """Exit code 1, and nothing written, where no way pays."""
    from lineshaft.app.compress import Bounds, best, compress
    from lineshaft.app.compress_data import roles_from
    from lineshaft.app.compress_methods import DEFAULT, method
    from lineshaft.app.graphfile import read_step_graph
    from lineshaft.app.talk import Talk
    from lineshaft.backend import target
    from lineshaft.backend.onnxruntime import execute
    from lineshaft.graph.check import signature

    if chosen.out.suffix != ".onnx" or chosen.out.exists():
        raise UsageError("exists already" if chosen.out.exists() else "is no name of an .onnx file",
                         where=str(chosen.out), do="name a new .onnx file")
    ways = tuple(chosen.method or DEFAULT)
    for part in (part for way in ways for part in way.split("+")):
        method(part)  # a wrong name is told before the work begins
    raw, talk = read_step_graph(chosen.graph), Talk(quiet=chosen.quiet, machine=chosen.progress_json)
    roles = roles_from(chosen.data, chosen.graph, signature(raw), talk)
    talk.step("Compressing in several ways; one is chosen on validation rows, the figures are of held-out rows")
    with talk.progress() as progress:
        trials = compress(raw, roles, target(chosen.target), execute, methods=ways,
                          bounds=Bounds(drop=chosen.drop / 100.0), progress=progress)
    emit(chosen, [_data(trial) for trial in trials], columns([HEADER, *map(_cells, trials)]))
    winner = best(trials, smallest=chosen.smallest)
    try:
        chosen.out.write_bytes(winner.graph or b"")
    except OSError as error:
        raise EnvironmentFailed(f"can't be written ({error.strerror})", where=str(chosen.out),
                                do="check the folder") from None
    broken = Bounds(drop=chosen.drop / 100.0).broken(winner.held_out) if winner.held_out else ""
    if broken:
        talk.warn(f"on the held-out rows {broken}: more validation rows, or narrower bounds, would choose better")
    speed = f", {winner.speed:.1f} times as fast" if winner.speed else ""
    talk.good(f"{winner.method} is written to {chosen.out}: {winner.ratio:.1f} times smaller{speed}")
    return 0


def _cells(trial: Trial) -> list[str]:
    if trial.held_out is None:
        return [trial.method, *[""] * 7, f"dropped: {trial.change.reason}"]
    gap = trial.held_out
    metric = "-" if math.isnan(gap.drop) else f"{-100 * gap.drop:+.2f}"
    return [trial.method, f"{trial.change.after.bytes:,}", f"{trial.ratio:.2f}",
            f"{trial.speed:.2f}" if trial.speed else "-", metric, f"{gap.flips:.2%}",
            *(f"{moved:+.1%}" for moved in gap.tail),
            f"dropped: {trial.change.reason}" if trial.change.reason else "kept"]


def _data(trial: Trial) -> dict[str, Any]:
    change = trial.change
    found: dict[str, Any] = {"method": trial.method, "kept": change.kept, "reason": change.reason,
                             "size_ratio": trial.ratio, "speed": trial.speed,
                             "arithmetic": [change.before.arithmetic, change.after.arithmetic],
                             "bytes": [change.before.bytes, change.after.bytes],
                             "measured": {name: list(both) for name, both in change.measured.items()}}
    if trial.held_out is not None:
        found |= {"flips": trial.held_out.flips, "tail": list(trial.held_out.tail)}
    return found


COMMAND = Command("compress", "smaller or quicker, where the task's own metric and the tail of its score allow it",
                  EXAMPLES, arguments, do)
