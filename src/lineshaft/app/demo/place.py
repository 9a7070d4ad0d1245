"""The demo's folder is a project like any other: what is learnt from it works on one's own plant."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from lineshaft.app.config import FILE, Console
from lineshaft.app.project import Project

TEXT = """\
# What `lineshaft demo` made: a project like any other. Its plant lives for as long as the demo runs.
key = "keys/demo.key"

[plant]
name = "demo/hall1"
source = "{source}"

[tasks.cell]
period = "200ms"
learn = "20min"
deadline = "50ms"

[node]
control-port = 0
opcua-port = 0

[console]
port = {port}
"""


def set_up(folder: Path, source: str) -> Project:
    """Write the file for the plant at ``source`` into a folder that has none."""
    (folder / FILE).write_text(TEXT.format(source=source, port=console_port()), "utf-8")
    return Project.open(folder)


def console_port(wanted: int = Console().port) -> int:
    """The console's usual port, or a free one where something else has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            if os.name == "posix":  # there, what closed a moment ago is free; elsewhere it would mean to share it
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted
