"""The whole way, as a person would run it: real processes, a real OPC UA server, a real fault."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.processes import WAIT_S, Process, until

from lineshaft.app.demo.place import console_port
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.feedback.decisions import decisions

LONG_S = 3 * WAIT_S  # a plant's past, learning and a certificate on a busy machine


@pytest.mark.timeout(400)
def test_the_demo_finds_its_fault_names_it_and_misses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineshaft", "demo", "--headless", "--for", "60s", "--out", str(tmp_path), "-o", "json"],
        capture_output=True, text=True, timeout=320, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert told["found"]
    assert told["named"][0] in told["expected"]
    assert told["missed_slots"] == told["undelivered"] == told["dropped"] == 0
    folder = next(tmp_path.iterdir())
    assert (folder / "report.html").stat().st_size > 10_000
    assert list(folder.glob("bundles/cell-1")) and (folder / "bundles" / "decides").read_text() == "cell-1\n"
    assert told["folder"] == str(folder) and not (folder / "logs" / "console.log").exists()


def test_a_fault_that_does_not_exist_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "lineshaft", "demo", "--fault", "gremlins", "--out", str(tmp_path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no fault is called 'gremlins'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.timeout(600)
def test_a_demo_that_stays_is_a_project_with_a_console_that_can_be_broken_and_mended(
        start: Callable[..., Process], tmp_path: Path) -> None:
    demo = start("demo", "--stay", "--for", "15s", "--out", str(tmp_path / "out"), "-o", "json")
    url = until(lambda: re.findall(r"Watch along: (http://\S+)", demo.said()), "address of the console", LONG_S)[0]
    told = demo.first_line()
    until(lambda: "Everything goes on until Ctrl-C" in demo.said(), "word that it stays")
    project = Project.open(Path(told["folder"]))
    assert url.endswith(f":{project.config.console.port}")
    with urllib.request.urlopen(url, timeout=30) as page:
        assert b"<html" in page.read()
    node = RemoteNode(project.node_folder)
    assert project.decides() == project.folder / "bundles" / "cell-1"
    assert node.status()["asset"] == project.config.plant.name

    demo.say("clear")
    demo.say("fault gremlins")
    until(lambda: "no fault is called 'gremlins'" in demo.said(), "word on a fault that does not exist")
    until(lambda: not any(alarm.active for alarm in node.alarms()), "calm")
    demo.say("fault pump-cavitation")
    until(lambda: any(alarm.active for alarm in node.alarms()), "alarm")
    newest = node.glance(limit=1).time

    def followed() -> bool:
        with project.historian() as historian:
            return decisions(historian, project.loop, project.config.plant.name, newest, 2**62) != []

    until(followed, "decision in history after the report")
    children = psutil.Process(demo.popen.pid).children(recursive=True)
    assert demo.popen.stdin is not None
    demo.popen.stdin.close()
    assert demo.popen.wait(timeout=60) == (0 if told["passed"] else 1)
    assert psutil.wait_procs(children, timeout=30)[1] == [], "nothing outlives it"


def as_behind_a_script() -> None:
    """A shell that starts something behind itself has its SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_a_demo_that_is_told_to_end_takes_its_plant_along(start: Callable[..., Process], tmp_path: Path) -> None:
    demo = start("demo", "--no-console", "--out", str(tmp_path / "out"), before=as_behind_a_script)
    until(lambda: "Browsing the server" in demo.said(), "plant", LONG_S)
    children = psutil.Process(demo.popen.pid).children(recursive=True)
    assert children
    demo.popen.terminate()
    assert demo.popen.wait(timeout=60) == 130
    assert psutil.wait_procs(children, timeout=30)[1] == []


def test_the_console_of_a_demo_takes_another_port_where_its_own_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert console_port(port) not in (port, 0)
    assert console_port(port) == port
