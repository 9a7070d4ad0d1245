"""``lineshaft bundle``: pack a bundle, look into it, verify it, unpack it, let it decide."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.app.sizes import certified_line
from lineshaft.core.clock import format_duration
from lineshaft.core.errors import UsageError
from lineshaft.core.manifest import Certificate

VERIFY = """  lineshaft bundle verify bundles/cell-1 --trust keys/lineshaft.pub"""

PACK = """  lineshaft bundle pack bundles/cell-1 bundles/cell-2 --target pc --target cortex-m4 --key keys/lineshaft.key
  lineshaft bundle pack bundles/cell-1 bundles/cell-2 --autotune --key keys/lineshaft.key
  lineshaft bundle pack model.onnx bundles/press-1 --data press.csv --normal '400 rows' --key keys/lineshaft.key"""

DEPLOY = """  lineshaft bundle deploy cell-2 --project cell1"""


def bundle_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="a bundle folder or .tar")


def show_arguments(parser: argparse.ArgumentParser) -> None:
    bundle_argument(parser)
    parser.add_argument("--trust", type=Path, action="append", help="also check the signature against this public key")


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    bundle_argument(parser)
    parser.add_argument("--trust", type=Path, action="append", required=True,
                        help="a public key (.pub) or a folder of them")


def unpack_arguments(parser: argparse.ArgumentParser) -> None:
    bundle_argument(parser)
    parser.add_argument("folder", type=Path, help="to write the files into")


def show(chosen: argparse.Namespace) -> int:
    """What it holds and where it comes from."""
    from lineshaft.bundle.inspect import described, look

    found = look(chosen.bundle, trusted_keys=chosen.trust)
    data = described(found)
    emit(chosen, data, _lines(data, [one.certificate for one in found.bundle.lowerings]))
    return 0


def _lines(found: dict[str, Any], certificates: Sequence[Certificate]) -> list[str]:
    lineage = found["lineage"]
    made = [f"certified   {certified_line(one)}" for one in certificates]
    return [f"{found['loop']} version {found['version']} ({found['task']}), made {found['created']}",
            f"digest      {found['digest']}",
            f"signature   {found['signature']['verdict']}, key {found['signature']['key'] or 'none'}",
            f"tags        {len(found['tags'])}, every {format_duration(found['period_ns'])}",
            f"learner     {lineage['learner']}: {lineage['why']}",
            f"dataset     {lineage['dataset']}", f"history     {lineage['history'] or 'none'}",
            f"parent      {lineage['parent'] or 'none'}, {lineage['feedback']} verdicts of people", *made,
            *(f"file        {name}, {one['bytes']:,} bytes" for name, one in found["files"].items())]


def verify(chosen: argparse.Namespace) -> int:
    """Exit code 0 for yes, 1 for no with the reason."""
    from lineshaft.bundle.open import open_bundle

    bundle = open_bundle(chosen.bundle, trusted_keys=chosen.trust)
    emit(chosen, {"digest": bundle.digest, "signed_by": bundle.signed_by, "verdict": "trusted"},
         [f"trusted: {bundle.digest}, signed by {bundle.signed_by}"])
    return 0


def unpack(chosen: argparse.Namespace) -> int:
    from lineshaft.bundle.inspect import unpack as write

    write(chosen.bundle, chosen.folder)
    emit(chosen, {"folder": str(chosen.folder)}, [str(chosen.folder)])
    return 0


def deploy_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="of the project: its path, or its name such as cell-2")
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")


def deploy(chosen: argparse.Namespace) -> int:
    """At once where a node runs; exit code 1 where that refuses it."""
    from lineshaft.app.deploy import deploy as let_decide
    from lineshaft.app.project import Project

    found = let_decide(Project.open(chosen.project), chosen.bundle)
    emit(chosen, asdict(found), [f"{found.name} decides" + (" now" if found.running else " once a node starts")])
    return 0


def pack_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", type=Path, help="a bundle folder or .tar, or a step graph (.onnx) with --data")
    parser.add_argument("out", type=Path, help="the new bundle: a folder, or one file if it ends in .tar")
    parser.add_argument("--target", action="append", help="lower and certify for it; may be repeated; pc unless said")
    parser.add_argument("--key", type=Path, required=True, help="the private key that signs it")
    parser.add_argument("--autotune", action="store_true", help="try every backend, precision and number of threads on "
                        "this machine and keep the one with the best p99 (one target)")
    parser.add_argument("--data", nargs="+", help="of a graph: CSV or Parquet with its tags, for golden sequences")
    parser.add_argument("--normal", default="40%", help="of the data: the normal stretch, as for `lineshaft watch`")
    parser.add_argument("--tag", action="append", default=[], help="of the data: the graph's tags in its order")


def pack(chosen: argparse.Namespace) -> int:
    """Exit code 1 where a target is left without a backend, with every reason."""
    from lineshaft import backend as backends
    from lineshaft.app import packing
    from lineshaft.app.autotune import best
    from lineshaft.app.lowering_table import attempt_rows, left_out, refusals, tuned_rows
    from lineshaft.app.talk import Talk

    talk, targets = Talk(), [backends.target(name) for name in dict.fromkeys(chosen.target or ["pc"])]
    if chosen.autotune and len(targets) > 1:
        raise UsageError(f"{len(targets)} targets are named", where="--autotune",
                         do="name the one that this machine is")
    parts = _parts(chosen)
    tuned: tuple[Any, ...] = ()
    if chosen.autotune:
        talk.step("Trying every backend, precision and number of threads on this machine")
        with talk.progress() as progress:
            tuned = packing.tune(parts, targets[0], progress)
        targets = [packing.as_tuned(targets[0], best(tuned, targets[0]))]
    talk.step(f"Lowering and certifying for {', '.join(one.name for one in targets)}")
    with talk.progress() as progress:
        found = packing.pack_for(parts, targets, chosen.out, chosen.key, progress)
    data = {"bundle": str(found.packed.path), "digest": found.packed.digest, "version": found.manifest.version,
            "lowerings": [{"backend": one.backend, "target": one.target, "reason": one.reason,
                           "certificate": asdict(one.lowering.certificate) if one.lowering else None}
                          for one in found.attempts],
            "tuned": [asdict(one) for one in tuned]}
    trials = [*columns(tuned_rows(tuned)), *left_out(tuned), ""] if tuned else []
    emit(chosen, data, [*trials, *columns(attempt_rows(found.attempts)), *refusals(found.attempts), "",
                        f"{found.packed.path}  version {found.manifest.version}, {found.packed.digest}"])
    return 0


def _parts(chosen: argparse.Namespace) -> Any:
    from lineshaft.app import packing
    from lineshaft.app.api import read
    from lineshaft.app.graphfile import read_step_graph
    from lineshaft.app.normal import normal_rows

    if chosen.what.suffix != ".onnx":
        if chosen.data:
            raise UsageError("a bundle has golden sequences of its own", where="--data", do="leave it out")
        return packing.of_bundle(chosen.what)
    if not chosen.data:
        raise UsageError("is a graph without tags", where=str(chosen.what),
                         do="give recorded data of its tags with --data")
    graph = read_step_graph(chosen.what)
    plant = read(chosen.data[0] if len(chosen.data) == 1 else chosen.data, tags=tuple(chosen.tag))
    return packing.of_graph(chosen.what, graph, plant, normal_rows(plant, chosen.normal))


COMMAND = Command("bundle", "pack a bundle, look into it, verify it, let it decide", verbs=(
    Command("pack", "lower a graph for some targets, certify each, keep what passed", PACK, pack_arguments, pack),
    Command("show", "what it holds and where it comes from", "  lineshaft bundle show bundles/cell-1", show_arguments,
            show),
    Command("verify", "whether a node that trusts these keys would run it", VERIFY, verify_arguments, verify),
    Command("unpack", "its files, for other tools", "  lineshaft bundle unpack bundles/cell-1 looked-into",
            unpack_arguments, unpack),
    Command("deploy", "let a bundle of the project decide", DEPLOY, deploy_arguments, deploy)))
