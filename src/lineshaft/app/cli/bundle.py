"""``lineshaft bundle``: look into a bundle, verify it, unpack it, let it decide."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.clock import format_duration

VERIFY = """  lineshaft bundle verify bundles/cell-1 --trust keys/lineshaft.pub"""

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
    from lineshaft.bundle.inspect import inspect

    found = inspect(chosen.bundle, trusted_keys=chosen.trust)
    emit(chosen, found, _lines(found))
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    lineage = found["lineage"]
    made = [f"certified   {one['backend']} on {one['target']}: parity {one['parity']:.2g}, {one['flips']} flips, p99 "
            f"{format_duration(one['latency_ns'][1])}, {one['memory_bytes'] / 2**20:.1f} MiB"
            for one in found["certificates"]]
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


COMMAND = Command("bundle", "look into a bundle, verify it, unpack it, let it decide", verbs=(
    Command("show", "what it holds and where it comes from", "  lineshaft bundle show bundles/cell-1", show_arguments,
            show),
    Command("verify", "whether a node that trusts these keys would run it", VERIFY, verify_arguments, verify),
    Command("unpack", "its files, for other tools", "  lineshaft bundle unpack bundles/cell-1 looked-into",
            unpack_arguments, unpack),
    Command("deploy", "let a bundle of the project decide", DEPLOY, deploy_arguments, deploy)))
