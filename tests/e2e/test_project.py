"""A project from its first sample to a retrained bundle, with real processes that are killed on purpose."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.processes import Process, until

from lineshaft.app.cli import main
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.core.decision import Decision
from lineshaft.feedback.decisions import decisions
from lineshaft.node.buffer import DiskBuffer

from .conftest import free_port, node_of, numbered, settle

ASSET = "works/hall1"


def kept(folder: Path) -> list[Decision]:
    """Every decision in the project's history."""
    with Project.open(folder).historian() as historian:
        return decisions(historian, "cell", ASSET, 0, 2**62)


def assert_each_once(folder: Path) -> None:
    """The node numbers its decisions from 1: as many as the newest number says are in history, all of other times."""
    everything = kept(folder)
    with Project.open(folder).historian() as historian:
        given_out = numbered(historian)
    assert len(everything) == given_out == len({one.time for one in everything})


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """A command's JSON; it must end with 0."""
    capsys.readouterr()
    code = main([*words, "-o", "json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    return json.loads(shown.out)


def test_a_project_learns_decides_and_comes_back_after_its_node_was_killed(
        project: Path, start: Callable[..., Process], capsys: pytest.CaptureFixture[str]) -> None:
    ran = start("run", "--no-console", "--project", str(project), "-o", "json")
    digest = node_of(project).status()["bundle"]
    until(lambda: len(kept(project)) > 5, "decision in history")
    [node] = ran.nodes()
    node.send_signal(signal.SIGKILL)
    until(lambda: [one for one in ran.nodes() if one.pid != node.pid], "second node")
    until(lambda: "starts again" in ran.said(), "word on why it starts again")
    before = len(kept(project))
    assert node_of(project).status()["bundle"] == digest
    until(lambda: len(kept(project)) > before + 5, "decision of the second node")

    found = ran.ended()
    assert found["lost"] == 0 and found["starts"] == 2 and found["bundle"] == "cell-1"
    assert found["delivered"] == len(kept(project))
    assert_each_once(project)
    buffer = DiskBuffer(project / "node", loop="cell", asset=ASSET)
    assert buffer.depth == 0
    buffer.close()
    assert "exit code -9" in ran.said()

    again = start("run", "--no-console", "--project", str(project), "-o", "json")
    assert node_of(project).status()["bundle"] == digest
    assert again.ended()["delivered"] > 0
    assert "Learning" not in again.said()


def test_recording_goes_on_while_it_learns_and_while_no_node_runs(
        project: Path, start: Callable[..., Process]) -> None:
    ran = start("run", "--no-console", "--project", str(project), "-o", "json")
    node_of(project).stop()
    until(lambda: "stopped on purpose" in ran.said(), "word that the node was stopped")
    stopped = time.time_ns()
    path = "demo/hall1/cell1/P101/flow"

    def newer() -> bool:
        with Project.open(project).historian() as historian:
            return historian.as_of([path], 2**62)[path].time > stopped

    until(newer, "sample after the node's end")
    ran.ended()
    with Project.open(project).historian() as historian:
        times = historian.read([path], stopped - 10 * 10**9, stopped)[path].time
    live = times[-20:]
    assert np.median(np.diff(live)) <= 200_000_000
    assert ran.said().count("The node runs") == 1


def test_a_node_that_was_left_alone_is_taken_over_and_gives_what_it_decided_meanwhile(
        project: Path, start: Callable[..., Process]) -> None:
    first = start("run", "--no-console", "--project", str(project), "-o", "json")
    node_of(project)
    [alone] = first.nodes()
    first.popen.kill()
    first.popen.wait()
    try:
        ticks = RemoteNode(project / "node").status()["ticks"]
        until(lambda: RemoteNode(project / "node").status()["ticks"] > ticks + 10, "decision without a centre")
        second = start("run", "--no-console", "--project", str(project), "-o", "json")
        until(lambda: "is looked after from here on" in second.said(), "adoption")
        until(lambda: len(kept(project)) > ticks + 10, "decision that waited in the outbox")
        assert second.ended()["starts"] == 0
        alone.wait(timeout=30)
    finally:
        if alone.is_running():
            alone.kill()
    assert_each_once(project)


@pytest.mark.usefixtures("untimed")
def test_a_verdict_becomes_a_label_a_shadow_and_then_the_bundle_that_decides(
        project: Path, plant: tuple[Process, str], start: Callable[..., Process],
        capsys: pytest.CaptureFixture[str]) -> None:
    ran = start("run", "--no-console", "--project", str(project), "-o", "json")
    node = node_of(project)
    first = node.status()["bundle"]
    plant[0].say("inject pump-cavitation")
    until(lambda: any(alarm.active for alarm in node.alarms()), "alarm")
    until(lambda: sum(one.alarm for one in kept(project)) > 10, "alarm in history")

    folder = ["--project", str(project)]
    given = asked(capsys, "feedback", "bad", *folder, "--by", "anna", "--comment", "that was us")
    assert given["alarm"] and not given["abnormal"] and given["end"] - given["start"] >= 10 * 200_000_000
    assert asked(capsys, "feedback", "review", *folder)["verdicts"][-1]["by"] == "anna"
    [alarm] = asked(capsys, "alarm", "shelve", "cell", "--folder", str(project / "node"), "--reason", "a test",
                    "--by", "anna")
    assert alarm["state"] == "shelved"

    found = asked(capsys, "feedback", "retrain", *folder, "--ticks", "10", "--quiet")
    assert found["parent"] == first and found["version"] == 2 and found["feedback"] == 1
    assert found["shadow"]["ticks"] >= 10 and not found["promoted"]
    status = asked(capsys, "node", "status", "--folder", str(project / "node"))
    assert status["bundle"] == first and status["shadow"]["bundle"] == found["digest"]
    asked(capsys, "node", "promote", "--folder", str(project / "node"))
    assert node.status()["bundle"] == found["digest"]
    until(lambda: "cell-2 decides now" in ran.said(), "word on the change")
    until(lambda: kept(project)[-1].bundle == found["digest"], "decision of the new bundle")
    assert ran.ended()["bundle"] == "cell-2"


def test_a_run_that_starts_before_its_plant_waits_for_it_and_learns_from_what_it_records(
        start: Callable[..., Process], tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "fresh"
    settle(folder, f"opc.tcp://127.0.0.1:{port}/lineshaft/plant/", period="100ms", learn="14s")
    ran = start("run", "--no-console", "--project", str(folder), "-o", "json")
    until(lambda: "tried again until the plant answers" in ran.said(), "word on the plant")
    plant = start("plant", "serve", "--speed", "20", "--port", str(port))
    plant.first_line()
    until(lambda: "of 14 s of normal operation recorded" in ran.said(), "progress")
    node = node_of(folder)
    until(lambda: "node active" in ran.said(), "word on the health")
    plant.close()
    until(lambda: "node degraded" in ran.said(), "word that the input has stopped")
    stored = len(kept(folder))
    again = start("plant", "serve", "--speed", "20", "--port", str(port))
    again.first_line()
    until(lambda: node.health().state == "active", "recovery")
    until(lambda: len(kept(folder)) > stored, "decision after the recovery")
    found = ran.ended()
    assert found["lost"] == 0 and found["starts"] == 1
