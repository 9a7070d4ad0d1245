"""``lineshaft key``: keys that sign bundles."""

from __future__ import annotations

import argparse
from pathlib import Path

from lineshaft.app.cli.command import Command, emit


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="of the private key; the public one lies beside it, as .pub")


def new(chosen: argparse.Namespace) -> int:
    from lineshaft.bundle.keys import new_key

    public = new_key(chosen.path)
    emit(chosen, {"private": str(chosen.path), "public": str(public.path), "id": public.id},
         [f"{chosen.path}  keep it secret", f"{public.path}  give it to nodes", f"id {public.id}"])
    return 0


COMMAND = Command("key", "keys that sign bundles", verbs=(
    Command("new", "a new pair; existing keys are never overwritten", "  lineshaft key new keys/lineshaft.key",
            arguments, new),))
