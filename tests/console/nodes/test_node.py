"""A node over HTTP, seen by the console's own look at a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from tests.console.works import PATHS, Noting, Opened, build, opened, running

from lineshaft.app.console.door import Person, Role
from lineshaft.app.project import Project
from lineshaft.node.agent import Node


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return build(tmp_path_factory.mktemp("works"))


@pytest.fixture
def node(project: Project) -> Iterator[Node]:
    with running(project) as found:
        yield found


@pytest.fixture
def console(project: Project) -> Iterator[Opened]:
    with opened(project.folder) as found:
        yield found


def test_where_no_node_runs_the_reason_is_told(console: Opened) -> None:
    console.wait(lambda pulse: not pulse.reached)
    found = console.get("/node")
    assert not found["reached"] and "no node runs" in found["why"]
    assert (found["health"], found["latency"], found["name"]) == (None, None, "node1")
    assert "no node runs" in console.refused("GET", "/node/inputs", 503)
    assert "no node runs" in console.refused("POST", "/node/stop", 503)


def test_a_node_tells_health_latency_counters_and_what_runs(console: Opened, node: Node) -> None:
    console.wait(lambda pulse: pulse.reached and pulse.counters["ticks"] > 5)
    found = console.get("/node")
    assert found["health"]["state"] in ("active", "degraded")  # a busy machine may be late
    latency = found["latency"]
    assert latency["deadline_us"] == 10_000 and latency["decisions"] == sum(bar["count"] for bar in latency["bars"]) > 5
    assert 0 < latency["percentiles"]["p50"] <= latency["percentiles"]["p99"] <= latency["percentiles"]["most"]
    assert {one["name"]: one["bad"] for one in found["counters"]} | {"deadline_misses": True, "ticks": False} == {
        one["name"]: one["bad"] for one in found["counters"]}
    assert found["bundle"] == {"digest": node.loop.bundle.digest, "version": 1}
    assert (found["shadow"], found["last_good"], found["inputs"], found["source"]) == (None, None, 3, "bundle")
    assert found["lives"][0]["ended"] == 0 and found["period_ms"] == 100


def test_inputs_have_the_nodes_own_times_and_reasons(console: Opened, node: Node) -> None:
    console.wait(lambda pulse: pulse.reached and pulse.counters["ticks"] > 3)
    found = console.get("/node/inputs")
    assert [one["tag"] for one in found["inputs"]] == PATHS
    assert {one["unit"] for one in found["inputs"]} == {"bar"}
    assert found["stale_ms"] == 300
    assert all(one["time"] <= found["time"] + 1000 and one["quality"] == "Good" for one in found["inputs"])


def test_a_node_that_was_started_again_has_two_lives(project: Project, console: Opened) -> None:
    for _ in range(2):
        with running(project):
            console.wait(lambda pulse: pulse.reached and pulse.counters["ticks"] > 1)
        console.wait(lambda pulse: not pulse.reached)
    assert [life["ended"] > life["began"] for life in console.get("/node")["lives"]] == [True, True]


def test_stopping_takes_an_engineer_and_is_noted(project: Project, node: Node) -> None:
    with opened(project.folder, Noting(Person("otto", Role.OPERATOR))) as console:
        assert "this takes engineer" in console.refused("POST", "/node/stop", 403)
    door = Noting(Person("erna", Role.ENGINEER))
    with opened(project.folder, door) as console:
        assert console.post("/node/stop") == {"state": "stopped"}
        assert console.wait(lambda pulse: pulse.health.get("state") == "stopped")
    assert door.notes == [("node stopped", "node1", "done")]


def test_logs_are_listed_and_read(console: Opened, project: Project) -> None:
    folder = Path(project.logs)
    folder.mkdir(exist_ok=True)
    (folder / "node1.log").write_text("one\ntwo failed\n", "utf-8")
    assert [one["name"] for one in console.get("/node/logs")] == ["node1.log"]
    assert console.get("/node/logs/node1.log", level="error")["lines"] == [{"level": "error", "text": "two failed"}]
    assert "there is no log" in console.refused("GET", "/node/logs/lineshaft.toml", 404)
    console.refused("GET", "/node/logs/node1.log?lines=0", 400)
    assert not cast("Noting", console.console.door).notes
