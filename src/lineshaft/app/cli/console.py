"""``lineshaft console``: the pages in the browser, and who may use them."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from lineshaft.app.cli.command import Command
from lineshaft.core.errors import UsageError

SERVE = """  lineshaft console serve --project cell1
  lineshaft console serve --project cell1 --port 0     (lineshaft run does this by itself)"""
NICENESS = 5
LAST_PORT = 65535


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder of the project; it may be empty still")
    parser.add_argument("--host", help="address to listen on; that of lineshaft.toml unless said")
    parser.add_argument("--port", type=int, help="to listen on, 0 takes a free one; that of lineshaft.toml unless said")


def serve(chosen: argparse.Namespace) -> int:
    """Serve until stopped; the first line of stdout says where, as JSON."""
    if not chosen.project.is_dir():
        raise UsageError("no such folder", where=str(chosen.project), do="name one that is there with --project")
    if chosen.port is not None and not 0 <= chosen.port <= LAST_PORT:
        raise UsageError(f"{chosen.port} is not a port", where="--port", do=f"give a number from 0 to {LAST_PORT}")
    from lineshaft.app.console.serve import serve as until_stopped

    _step_back()
    until_stopped(chosen.project, host=chosen.host, port=chosen.port, ready=_say_ready)
    return 0


def _step_back() -> None:
    """Whoever looks must not slow down what records and decides; work begun in the console inherits this."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def _say_ready(url: str) -> None:
    print(json.dumps({"url": url}), flush=True)


COMMAND = Command("console", "the pages in the browser: see the plant, act on alarms, set up", verbs=(
    Command("serve", "serve the pages until stopped", SERVE, serve_arguments, serve),))
