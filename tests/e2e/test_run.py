"""What lies around recording: the console beside it, a file that changes, a folder without one. Real processes."""

from __future__ import annotations

import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.processes import Process, until

from lineshaft.app.cli import main
from lineshaft.core.clock import SECOND, format_time
from lineshaft.historian.store import open_historian

from .conftest import node_of, settle

PUMP = "demo/hall1/cell1/P101/flow"


@pytest.fixture
def folder(plant: tuple[Process, str], tmp_path: Path) -> Path:
    """A project that only records for as long as a test lasts."""
    settle(tmp_path / "cell1", plant[1], learn="8h")
    return tmp_path / "cell1"


def ran(start: Callable[..., Process], folder: Path, *words: str) -> Process:
    return start("run", "--project", str(folder), "-o", "json", *words)


def consoles(process: Process) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.popen.pid).children()
            if child.status() != psutil.STATUS_ZOMBIE and "console" in child.cmdline()]


def url_of(process: Process) -> str:
    return str(until(lambda: re.findall(r"Console: (http://\S+)", process.said()), "address of the console")[-1])


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def newest(folder: Path, history: str = "history") -> int:
    with open_historian(folder / history) as historian:
        found = historian.as_of([PUMP], 2**62)
        return found[PUMP].time if found else 0


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "lineshaft.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_console_is_served_beside_recording_and_comes_back_when_it_dies(
        folder: Path, start: Callable[..., Process]) -> None:
    process = ran(start, folder)
    assert "<html" in page(url_of(process))
    until(lambda: newest(folder), "sample")
    [console] = consoles(process)
    if hasattr(console, "nice"):
        assert console.nice() > psutil.Process(process.popen.pid).nice(), "it gives way to what records"
    console.kill()
    until(lambda: len(re.findall(r"Console: ", process.said())) == 2, "second console")
    assert process.said().count("The console is tried again") == 1
    assert "<html" in page(url_of(process))
    [console] = consoles(process)
    assert process.ended()["lost"] == 0
    console.wait(timeout=60)


def test_a_run_whose_time_is_over_while_it_connects_ends_all_the_same(folder: Path, start: Callable[..., Process]
                                                                      ) -> None:
    found = ran(start, folder, "--no-console", "--for", "0.1s").ended(by=None)
    assert (found["stored"], found["lost"]) == (0, 0)


def test_a_port_that_is_taken_is_said_and_all_else_goes_on(folder: Path, start: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        change(folder, "[console]\nport = 0", f"[console]\nport = {port}")
        process = ran(start, folder)
        until(lambda: f"port {port} cannot be opened" in process.said(), "word on the port")
        until(lambda: newest(folder), "sample")
    assert url_of(process).endswith(f":{port}"), "it comes once the port is free"
    assert process.said().count("cannot be opened") == 1
    assert process.ended()["stored"] > 0


def test_the_console_ends_with_a_run_that_was_killed(folder: Path, start: Callable[..., Process]) -> None:
    process = ran(start, folder)
    url_of(process)
    [console] = consoles(process)
    process.popen.kill()
    process.popen.wait()
    console.wait(timeout=60)


def test_a_changed_file_is_taken_over_and_one_with_a_mistake_is_told(folder: Path, start: Callable[..., Process]
                                                                     ) -> None:
    process = ran(start, folder, "--no-console")
    until(lambda: "Recording" in process.said(), "recording")
    change(folder, "# Lineshaft: one plant", "# Ours: one plant")
    until(lambda: "nothing that runs is touched" in process.said(), "word on a comment")

    change(folder, 'period = "200ms"', "period = 200")
    until(lambda: "The project as it was stays in force" in process.said(), "word on a mistake")
    assert re.search(r"lineshaft.toml:\d+ tasks.cell.period: a text in quotes is wanted", process.said())
    before = newest(folder)
    until(lambda: newest(folder) > before, "sample in spite of it")

    change(folder, "period = 200", 'period = "500ms"')
    until(lambda: "recording and deciding start anew" in process.said(), "word on the change")
    until(lambda: "tags every 500 ms" in process.said(), "recording at the new period")

    change(folder, '"*/T10?/*"', '"*/T9/*"')
    until(lambda: "The project as it was before is in force again" in process.said(), "word on tags not there")
    until(lambda: process.said().count("tags every 500 ms") == 2, "recording as before")
    before = newest(folder)
    until(lambda: newest(folder) > before, "sample after all of that")
    found = process.ended()
    assert found["lost"] == 0 and found["stored"] > 0


def test_another_history_is_another_start(folder: Path, start: Callable[..., Process]) -> None:
    process = ran(start, folder, "--no-console")
    until(lambda: newest(folder), "sample")
    change(folder, 'history = "history"', 'history = "second"')
    until(lambda: "with another history" in process.said(), "word on the change")
    until(lambda: newest(folder, "second"), "sample in the second one")
    assert process.ended()["lost"] == 0


def test_an_empty_folder_waits_for_its_file_and_then_records_until_it_is_told_to_end(
        start: Callable[..., Process], tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    process = ran(start, folder, "--console-port", "0")
    url = url_of(process)
    until(lambda: f"Nothing is set up here yet: open {url}/#/setup" in process.said(), "word on what to do")
    assert "<html" in page(url)

    rows = [f"2024-01-01 00:{n // 60:02}:{n % 60:02},{n % 7},{n % 11}" for n in range(300)]
    (folder / "plant.csv").write_text("time,flow,level\n" + "\n".join(rows) + "\n", "utf-8")
    (folder / "lineshaft.toml").write_text("[plant]\n", "utf-8")
    until(lambda: "a key is missing" in process.said(), "word on a mistake")
    (folder / "lineshaft.toml").write_text('[plant]\nsource = "plant.csv"\n[tasks.cell]\nlearn = "by hand"\n', "utf-8")
    until(lambda: "The source has ended" in process.said(), "end of the file")
    until(lambda: "Nothing decides until somebody deploys a bundle" in process.said(), "word on deploying")
    assert process.popen.poll() is None, "set-up begins with a file, and is not over with it"
    assert process.ended()["stored"] == 600


def test_a_folder_that_is_not_there_or_empty_without_a_console_is_bad_usage(start: Callable[..., Process],
                                                                            tmp_path: Path) -> None:
    for words in (("--project", str(tmp_path / "none")), ("--project", str(tmp_path), "--no-console")):
        process = start("run", *words)
        assert process.popen.wait(timeout=60) == 2
        assert "no such file; write one with `lineshaft init`" in process.said()


@pytest.mark.parametrize("words", [["--until-stdin-closes"], []])
def test_the_console_by_itself_says_where_it_is_and_ends_with_a_signal_or_its_input(
        words: list[str], start: Callable[..., Process], tmp_path: Path) -> None:
    process = start("console", "serve", "--project", str(tmp_path), "--port", "0", *words)
    assert "<html" in page(process.first_line()["url"])
    if words:
        assert process.popen.stdin is not None
        process.popen.stdin.close()
    else:
        process.popen.send_signal(signal.SIGTERM)
    process.popen.wait(timeout=60)


@pytest.mark.usefixtures("untimed")
def test_by_hand_a_trained_bundle_decides_nothing_before_somebody_deploys_it(
        project: Path, start: Callable[..., Process], capsys: pytest.CaptureFixture[str]) -> None:
    change(project, 'learn = "60s"', 'learn = "by hand"')
    process = ran(start, project, "--no-console")
    until(lambda: "Nothing decides until somebody deploys a bundle" in process.said(), "word on deploying")
    until(lambda: "Recording" in process.said(), "recording, and with it the plant's own addresses of the tags")
    end = time.time_ns()
    words = ["--project", str(project), "--quiet", "-o", "json", "--start", format_time(end - 75 * SECOND), "--end",
             format_time(end - 5 * SECOND)]
    assert main(["model", "train", *words]) == 0
    assert main(["model", "rehearse", *words]) == 0
    before = newest(project)
    until(lambda: newest(project) > before, "sample after the training")
    assert process.nodes() == []
    assert main(["bundle", "deploy", "cell-1", "--project", str(project)]) == 0
    assert "cell-1 decides once a node starts" in capsys.readouterr().out
    node_of(project)
    assert process.ended()["bundle"] == "cell-1"
