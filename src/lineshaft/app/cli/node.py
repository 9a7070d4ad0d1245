"""``lineshaft node``: the loop beside the machine, and what a person does with it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.errors import UsageError

if TYPE_CHECKING:
    from lineshaft.app.remote import RemoteNode
    from lineshaft.node.agent import Node

RUN = """  lineshaft node run bundles/cell-1 --source opc.tcp://127.0.0.1:4840/ --trust keys/lineshaft.pub"""
PASSWORD = "LINESHAFT_PASSWORD"


def run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="a bundle folder or .tar")
    parser.add_argument("--source", required=True, help="where the signals come from, such as opc.tcp://host:4840/")
    parser.add_argument("--trust", type=Path, action="append", required=True,
                        help="a public key (.pub) or a folder of them")
    parser.add_argument("--folder", type=Path, default=Path("node"), help="of the node: its buffer, token and address")
    parser.add_argument("--name", default="node1")
    parser.add_argument("--asset", default="")
    parser.add_argument("--target", default="pc")
    parser.add_argument("--control-port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--opcua-port", type=int, help="serve decisions over OPC UA here; 0 takes a free port")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="of the connector")


def run(chosen: argparse.Namespace) -> int:
    """Run until stopped; the first line of stdout says where to find it, as JSON."""
    from lineshaft.app.edge import Place, serve

    place = Place(chosen.folder, tuple(chosen.trust), chosen.name, chosen.asset, chosen.target, chosen.control_port,
                  chosen.opcua_port, options(chosen.option, chosen.source))

    def ready(node: Node, url: str) -> None:
        control = node.control.url if node.control is not None else ""
        print(json.dumps({"control": control, "opcua": url, "folder": str(chosen.folder),
                          "bundle": node.loop.bundle.digest}), flush=True)
        with suppress(NotImplementedError):  # Windows ends a process without asking
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, node.stop, "ended by the system")

    asyncio.run(serve(chosen.bundle, chosen.source, place, ready=ready))
    return 0


def options(words: list[str], uri: str = "opc.tcp:") -> dict[str, object]:
    """``key=value`` words as connector options; a password comes from the environment only, for OPC UA.

    >>> options(["keepalive_s=2.5", "user=anna"])
    {'keepalive_s': 2.5, 'user': 'anna'}
    """
    found: dict[str, object] = {}
    for word in words:
        key, mark, value = word.partition("=")
        if not mark or not key:
            raise UsageError(f"{word!r} is not an option", where="--option", do="write KEY=VALUE")
        if key == "password":
            raise UsageError("a password does not belong on a command line", where="--option password",
                             do=f"set the environment variable {PASSWORD}")
        found[key] = _value(value)
    if os.environ.get(PASSWORD) and uri.lower().startswith("opc.tcp:"):
        found["password"] = os.environ[PASSWORD]
    return found


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def folder_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=Path("node"), help="the running node's folder")


def bundle_argument(parser: argparse.ArgumentParser) -> None:
    folder_argument(parser)
    parser.add_argument("bundle", type=Path)


def status(chosen: argparse.Namespace) -> int:
    """Health with its reasons, then what runs."""
    node = remote(chosen)
    health, found = node.health(), node.status()
    lines = [f"{health.state}" + (": " + "; ".join(health.reasons) if health.reasons else ""),
             *(f"{key:13} {_told(key, value)}" for key, value in found.items() if value not in (None, ""))]
    emit(chosen, {"health": {"state": health.state, "reasons": health.reasons, "tags": health.tags}, **found}, lines)
    return 0


def _told(key: str, value: Any) -> Any:
    """An answer as a sentence; everything else as it is."""
    from lineshaft.app.said import words_of

    return words_of(value) if key == "answer" else value


def bring(chosen: argparse.Namespace) -> int:
    """Swap, shadow, promote, roll back."""
    verb = chosen.command.name
    digest = remote(chosen).bring(verb, getattr(chosen, "bundle", None))
    emit(chosen, {"verb": verb, "bundle": digest}, [f"{verb}: {digest}"])
    return 0


def stop(chosen: argparse.Namespace) -> int:
    remote(chosen).stop()
    emit(chosen, {"state": "stopped"}, ["stopped"])
    return 0


def remote(chosen: argparse.Namespace) -> RemoteNode:
    """The node that runs in ``--folder``."""
    from lineshaft.app.remote import RemoteNode

    return RemoteNode(chosen.folder)


COMMAND = Command("node", "run a bundle beside the machine, look at it, change its bundle", verbs=(
    Command("run", "run a bundle on live tags until stopped", RUN, run_arguments, run),
    Command("status", "health, bundle, counters", "  lineshaft node status --folder node", folder_argument, status),
    Command("swap", "let a newer bundle decide, without a missed tick", "", bundle_argument, bring),
    Command("shadow", "run a newer bundle beside, unheeded", "", bundle_argument, bring),
    Command("promote", "let the shadow decide", "", folder_argument, bring),
    Command("rollback", "let the last good bundle decide again", "", folder_argument, bring),
    Command("stop", "end the node", "", folder_argument, stop)))
