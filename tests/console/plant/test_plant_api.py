"""What the plant page asks for, over a real history."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.plant.recent import parts
from lineshaft.app.console.server import make_app
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.quality import BAD_SENSOR_FAILURE
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import EmbeddedHistorian

FLOW, PRESSURE, FLOW9, LEVEL = (f"works/{place}" for place in ("hall1/P10/flow", "hall1/P10/pressure", "hall1/P9/flow",
                                                               "hall2/T1/level"))


def stored(historian: EmbeddedHistorian, **ages: float) -> None:
    """One value of each tag, so many seconds old."""
    now = time.time_ns()
    paths = {"flow": FLOW, "pressure": PRESSURE, "flow9": FLOW9, "level": LEVEL}
    historian.append(Samples.of([Sample(paths[name], now - round(age * SECOND), 4.0) for name, age in ages.items()]))


def test_before_anything_is_set_up_there_is_nothing_and_it_says_so(tmp_path: Path) -> None:
    with TestClient(make_app(Console(tmp_path / "new", OpenDoor())), base_url="http://127.0.0.1") as client:
        answer = client.get("/api/v1/plant")
    assert answer.status_code == 404 and "set-up" in answer.json()["do"]


def test_before_anything_is_recorded_the_plant_is_empty(client: TestClient) -> None:
    found = client.get("/api/v1/plant").json()
    assert found["tags"] == [] and [level["name"] for level in found["levels"]] == ["works"]
    assert client.get("/api/v1/plant/state").json()["levels"][""] == {"state": "normal", "counts": {}}


def test_levels_and_tags_stand_in_the_order_people_count(client: TestClient, historian: EmbeddedHistorian) -> None:
    historian.register([*decision_tags("cell", "works"), Tag("feedback/cell", kind="text")])
    found = client.get("/api/v1/plant").json()
    assert [level["path"] for level in found["levels"]] == ["", "works", "works/hall1", "works/hall1/P9",
                                                            "works/hall1/P10", "works/hall2", "works/hall2/T1"]
    assert [tag["path"] for tag in found["tags"]] == [FLOW9, FLOW, PRESSURE, LEVEL]


def test_a_fresh_plant_is_normal_on_every_level(client: TestClient, historian: EmbeddedHistorian) -> None:
    stored(historian, flow=0, pressure=0, flow9=0, level=0)
    found = client.get("/api/v1/plant/state").json()
    assert {level["state"] for level in found["levels"].values()} == {"normal"} and found["tags"] == {}
    assert found["levels"][""]["counts"] == {"normal": 4}


def test_old_bad_and_missing_values_show_up_to_the_top(client: TestClient, historian: EmbeddedHistorian) -> None:
    stored(historian, flow=0, pressure=60, flow9=0)
    historian.append(Samples.of([Sample(FLOW9, time.time_ns(), 1.0, BAD_SENSOR_FAILURE)]))
    found = client.get("/api/v1/plant/state").json()
    assert {path: one["state"] for path, one in found["tags"].items()} == {PRESSURE: "stale", FLOW9: "bad",
                                                                          LEVEL: "stale"}
    states = {path: level["state"] for path, level in found["levels"].items()}
    assert states["works/hall2"] == states["works/hall1/P10"] == "stale"
    assert states[""] == states["works/hall1"] == states["works/hall1/P9"] == "bad"


def test_causes_of_an_alarm_are_in_alarm_with_their_share(client: TestClient, console: Console,
                                                         historian: EmbeddedHistorian) -> None:
    stored(historian, flow=0, pressure=0, flow9=0, level=0)
    alarm = {"name": "cell", "state": "unacknowledged", "active": True, "causes": [FLOW]}
    say(console, Pulse(1, True, alarms=(alarm,), unusable={LEVEL: "stale"}, status={"asset": "works"},
                       decision={"alarm": True, "causes": [{"tag": FLOW, "share": 0.7}]}))
    found = client.get("/api/v1/plant/state").json()
    assert found["tags"][FLOW] == {"state": "alarm", "why": "", "share": 0.7}
    assert found["tags"][LEVEL] == {"state": "masked", "why": "stale", "share": None}
    assert found["levels"]["works/hall1"] == {"state": "alarm", "counts": {"alarm": 1, "normal": 2}}
    assert found["levels"]["works/hall2"]["state"] == "masked"


def say(console: Console, pulse: Pulse) -> None:
    """Let the console hear this of the node, and nothing else."""
    console.pulse._look = lambda: pulse  # type: ignore[method-assign]
    heard = threading.Event()
    console.pulse.listeners.append(lambda taken: heard.set() if taken is pulse else None)
    assert heard.wait(60)


def test_newest_values_have_time_and_quality_and_unknown_ones_are_null(client: TestClient,
                                                                      historian: EmbeddedHistorian) -> None:
    now = time.time_ns()
    historian.append(Samples.of([Sample(FLOW, now, 4.5), Sample(PRESSURE, now, np.nan, BAD_SENSOR_FAILURE)]))
    found = client.get("/api/v1/plant/newest").json()
    row = {path: (found["t"][i], found["v"][i], found["q"][i]) for i, path in enumerate(found["tags"])}
    assert row == {FLOW9: (None, None, 2), FLOW: (now // 10**6, 4.5, 0), PRESSURE: (now // 10**6, None, 2),
                   LEVEL: (None, None, 2)}


def test_the_last_minutes_keep_what_stands_out(client: TestClient, historian: EmbeddedHistorian) -> None:
    now = time.time_ns()
    times = now - np.arange(600)[::-1] * SECOND // 4
    values = np.where(np.arange(600) == 300, 9.0, 4.0)
    historian.append(Samples((FLOW,), np.zeros(600, np.int32), times, values, np.zeros(600, np.uint32)))
    found = client.get("/api/v1/plant/recent", params={"tags": [FLOW, "unknown"], "minutes": 10, "bins": 60}).json()
    series = found["series"]
    assert list(series) == [FLOW] and 5_000 <= found["step"] <= 20_000
    assert max(one for one in series[FLOW]["high"] if one is not None) == 9.0
    assert min(one for one in series[FLOW]["low"] if one is not None) == 4.0
    known = [one is not None for one in series[FLOW]["high"]]
    assert not any(known[:len(known) // 2]) and all(known[-len(known) // 5:])


def test_a_part_without_a_sample_has_the_last_value_while_it_holds() -> None:
    historian = MemoryHistorian()
    samples = [Sample("a", 100, 1.0), Sample("a", 105, 2.0), Sample("a", 140, 3.0, BAD_SENSOR_FAILURE)]
    historian.append(Samples.of(samples))
    found = parts(historian.columns(["a"], 100, 200, 10)["a"], 100, 200, hold_ns=20)
    first = (100 - found.start) // found.step
    held = (125 - found.start) // found.step
    assert found.low[first] == 1.0 and found.high[held] == 2.0 and np.isnan(found.high[held + 1:]).all()


def test_the_score_of_the_last_minutes_says_where_an_alarm_stood(client: TestClient,
                                                               historian: EmbeddedHistorian) -> None:
    now = time.time_ns()
    said = [Decision("cell", "works", now - i * SECOND, 2.0 if i < 30 else 0.5, i < 30, (Cause(FLOW, 1.0),))
            for i in range(120)]
    historian.append(decision_samples(said))
    found = client.get("/api/v1/plant/score", params={"minutes": 4, "bins": 24}).json()
    at = {ago: int((now / 10**6 - ago * 1000 - found["start"]) // found["step"]) for ago in (5, 70, 200)}
    assert [found["high"][at[ago]] for ago in (5, 70, 200)] == [2.0, 0.5, None]
    assert [found["alarm"][at[ago]] for ago in (5, 70, 200)] == [True, False, False]


def test_without_a_bundle_there_is_no_band(client: TestClient, console: Console, historian: EmbeddedHistorian) -> None:
    stored(historian, flow=0)
    client.get("/api/v1/plant/bands")
    (work,) = console.works._works.values()
    assert work.ended.wait(60)
    assert client.get("/api/v1/plant/bands").json() == {"ready": True, "bands": {}}
