"""Two processes want one project folder."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.faults.case import Injection, Outcome, case
from tests.processes import WAIT_S, Process, until

from lineshaft.app.template import template

ENVIRONMENT = 3


def _project(folder: Path) -> Path:
    folder.mkdir()
    text = template("plant:", name="demo/hall1/cell1", learn="by hand")
    (folder / "lineshaft.toml").write_text(text.replace("# learn =", "learn ="), "utf-8")
    return folder


@case(1, 7, times=3, quick=0)
def two_runs_of_one_project(at: Injection) -> Outcome:
    """A second `lineshaft run` in a running project's folder; then the first is killed and another follows at once."""
    words = ["run", "--no-console", "--project", str(_project(at.folder / "project"))]
    processes = [Process(words, at.folder / "first.log")]
    try:
        first = processes[0]
        until(lambda: "Recording" in first.said(), f"recording in {first.log}")
        processes.append(second := Process(words, at.folder / "second.log"))
        code, said = second.popen.wait(WAIT_S), second.said().strip()
        assert (code, "another `lineshaft run` is at work here" in said) == (ENVIRONMENT, True), said
        assert "Traceback" not in said, said
        first.popen.send_signal(signal.SIGKILL)
        first.popen.wait()
        begun = time.monotonic()
        processes.append(third := Process(words, at.folder / "third.log"))
        until(lambda: "Recording" in third.said(), "recording after it")
        return Outcome(2, recovery_s=(time.monotonic() - begun,))
    finally:
        for process in processes:
            process.close()
