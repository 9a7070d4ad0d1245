"""``lineshaft graph import``: a model made elsewhere becomes a step graph."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lineshaft.app.importing import Around, Decide, Made

EXAMPLES = """  lineshaft graph import model.onnx --out step.onnx
  lineshaft graph import bearing.ubj --window 60 --statistics mean,std,slope --score probabilities:1 --threshold 0.8
  lineshaft graph import net.onnx --window 128 --by-tag --mean mean.csv --scale scale.csv --threshold 3 --debounce 5
  lineshaft graph import camera.onnx --shape 3,224,224 -o json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a model of ONNX, LightGBM, XGBoost, scikit-learn, PyTorch, Keras, ...")
    parser.add_argument("--out", type=Path, help="write the step graph here (.onnx)")
    parser.add_argument("--as", dest="reader", default="", help="what the file is, where its ending doesn't say")
    parser.add_argument("--shape", help="sizes of its input for one asset, such as 3,224,224")
    parser.add_argument("--trust-pickle", action="store_true",
                        help="open a file that can run any program; only for one that you made yourself")
    _before(parser.add_argument_group("what comes before the model"))
    _after(parser.add_argument_group("what comes after it"))


def _before(group: Any) -> None:
    group.add_argument("--window", type=int, default=0, metavar="TICKS", help="give it the newest rows, oldest first")
    group.add_argument("--by-tag", action="store_true", help="the window as one row a tag, not one row a tick")
    group.add_argument("--statistics", default="", metavar="NAMES",
                       help="of the window instead of its rows: mean,std,var,min,max,range,rms,slope,first,last")
    group.add_argument("--mean", help="subtract this: a number, numbers with commas, or a .csv or .npy file")
    group.add_argument("--scale", help="then divide by this")
    group.add_argument("--mask", default="hold", choices=("hold", "zero", "nan"),
                       help="what stands for a value of bad quality: the last good one, 0, or NaN for trees")


def _after(group: Any) -> None:
    group.add_argument("--name", action="append", default=[], metavar="OLD=NEW", help="give an output another name")
    group.add_argument("--score", default="", metavar="OUTPUT[:PLACE]", help="the output that is watched")
    group.add_argument("--threshold", type=float, help="of that output; it makes a score and an alarm")
    group.add_argument("--normal", type=float, default=0.0, help="what the output is when all is well (0)")
    group.add_argument("--debounce", type=int, default=1, metavar="TICKS", help="an alarm only after so many in a row")
    group.add_argument("--release", type=float, default=0.85, help="the alarm goes under this score")


def do(chosen: argparse.Namespace) -> int:
    """Read, bring into canonical form, put blocks around, write."""
    from lineshaft.app.importing import import_model
    from lineshaft.graph.importing.reading import How

    if chosen.out is not None and chosen.out.exists():
        raise UsageError("exists already", where=str(chosen.out), do="choose another name, or remove it first")
    how = How(_shape(chosen.shape), chosen.trust_pickle)
    made = import_model(chosen.file, _around(chosen), _decide(chosen), reader=chosen.reader, how=how)
    if chosen.out is not None:
        _write(chosen.out, made.graph)
    emit(chosen, _told(made, chosen.out), _lines(made, chosen.out))
    return 0


def _around(chosen: argparse.Namespace) -> Around:
    from lineshaft.app.importing import Around

    statistics = tuple(name.strip() for name in chosen.statistics.split(",") if name.strip())
    pairs = [text.partition("=") for text in chosen.name]
    if any(not old or not new.isidentifier() for old, _, new in pairs):
        raise UsageError("a name is written OLD=NEW, with letters, digits and underscores", where="--name")
    return Around(chosen.window, chosen.by_tag, statistics, _numbers(chosen.mean, "--mean"),
                  _numbers(chosen.scale, "--scale"), chosen.mask, {old: new for old, _, new in pairs})


def _decide(chosen: argparse.Namespace) -> Decide | None:
    from lineshaft.app.importing import Decide

    if chosen.threshold is None:
        if chosen.score:
            raise UsageError("a score needs the threshold at which it is 1", where="--score", do="add --threshold")
        return None
    return Decide(chosen.threshold, chosen.score, chosen.normal, chosen.debounce, chosen.release)


def _shape(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdecimal() and 0 < int(part) < 2**31 for part in parts):
        raise UsageError(f"{text!r} is no shape", where="--shape", do="write sizes with commas, such as 3,224,224")
    return tuple(int(part) for part in parts)


def _numbers(text: str | None, where: str) -> NDArray[np.float64] | None:
    """Numbers as they are, or out of a file."""
    import numpy as np

    if text is None:
        return None
    path = Path(text)
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False), np.float64)
        if path.suffix in (".csv", ".txt"):
            text = path.read_text("utf-8")
        return np.array([float(part) for part in text.replace(",", " ").replace(";", " ").split()])
    except OSError as error:
        raise UsageError(f"can't be read ({error.strerror})", where=f"{where} {path}", do="check the path") from None
    except (ValueError, EOFError):
        raise UsageError(f"{text[:40]!r} is not numbers", where=where,
                         do="give a number, numbers with commas, or a .csv or .npy file") from None


def _write(path: Path, graph: bytes) -> None:
    try:
        path.write_bytes(graph)
    except OSError as error:
        raise UsageError(f"can't be written ({error.strerror})", where=str(path), do="check the path") from None


def _told(made: Made, out: Path | None) -> dict[str, Any]:
    return {
        "out": str(out) if out else None, "bytes": len(made.graph), "channels": made.signature.channels,
        "inputs": {one.name: one.shape for one in made.taken}, "blocks": made.blocks,
        "outputs": {port.name: port.shape for port in made.signature.outputs},
        "states": {port.name: port.shape for port in made.signature.states},
        "operators": {"model": made.before, "graph": made.after}, "notes": made.notes}


def _lines(made: Made, out: Path | None) -> list[str]:
    ports = [["input", one.name, " x ".join(map(str, one.shape)) or "1"] for one in made.taken]
    ports += [[kind, port.name, " x ".join(map(str, port.shape))] for kind, group in (
        ("output", made.signature.outputs), ("state", made.signature.states)) for port in group]
    kinds = sorted({*made.before, *made.after})
    counts = [[kind, str(made.before.get(kind, "")), str(made.after.get(kind, ""))] for kind in kinds]
    return [f"{made.signature.channels} tags -> {' -> '.join(made.blocks)}", "",
            *columns([["", "name", "shape per asset"], *ports]), "",
            *columns([["operator", "model", "graph"], *counts]),
            *([""] if made.notes else []), *(f"note: {note}" for note in made.notes), "",
            f"{sum(made.after.values())} nodes, {len(made.graph):,} bytes"
            + (f" in {out}" if out else "; add --out to write them")]


COMMAND = Command("import", "a model made elsewhere as a step graph, with its preparation around it", EXAMPLES,
                  arguments, do)
