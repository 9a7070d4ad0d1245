"""What the plant page asks for, over a real history."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.plant.bands import spread
from lineshaft.app.console.plant.recent import binned
from lineshaft.app.console.server import make_app
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.quality import BAD_SENSOR_FAILURE
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.feedback.verdicts import record
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
    assert heard.wait(10)


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
    assert list(series) == [FLOW] and found["step"] == 10_000
    assert max(one for one in series[FLOW]["high"] if one is not None) == 9.0
    assert min(one for one in series[FLOW]["low"] if one is not None) == 4.0
    assert series[FLOW]["high"][:40] == [None] * 40


def test_a_bin_without_a_sample_has_the_last_value_while_it_holds() -> None:
    quality = np.array([0, 0, BAD_SENSOR_FAILURE], np.uint32)
    series = Series("a", np.array([0, 5, 40]), np.array([1.0, 2.0, 3.0]), quality)
    found = binned(series, 0, 100, 10, hold_ns=20)
    assert found.high.tolist()[:3] == [2.0, 2.0, 2.0] and np.isnan(found.high[3:]).all()
    assert found.low[0] == 1.0


def test_the_score_of_the_last_minutes_says_where_an_alarm_stood(client: TestClient,
                                                               historian: EmbeddedHistorian) -> None:
    now = time.time_ns()
    said = [Decision("cell", "works", now - i * SECOND, 2.0 if i < 30 else 0.5, i < 30, (Cause(FLOW, 1.0),))
            for i in range(120)]
    historian.append(decision_samples(said))
    found = client.get("/api/v1/plant/score", params={"minutes": 4, "bins": 24}).json()
    assert found["high"][:11] == [None] * 11 and found["high"][-1] == 2.0 and found["high"][14] == 0.5
    assert found["alarm"][-1] and not found["alarm"][14]


def bands(client: TestClient, console: Console) -> dict[str, Any]:
    """The answer once the work behind it has ended."""
    client.get("/api/v1/plant/bands")
    (work,) = console.works._works.values()
    assert work.ended.wait(60)
    found = client.get("/api/v1/plant/bands").json()
    assert found["ready"]
    return dict(found["bands"])


def test_normal_bands_come_from_what_people_called_normal(client: TestClient, console: Console,
                                                         historian: EmbeddedHistorian) -> None:
    now = time.time_ns()
    times = now - np.arange(2000)[::-1] * SECOND
    values = np.where(np.arange(2000) < 1000, np.linspace(4, 5, 2000), 9.0)
    historian.append(Samples((FLOW,), np.zeros(2000, np.int32), times, values, np.zeros(2000, np.uint32)))
    record(historian, Feedback("cell", int(times[0]), int(times[1000]), Verdict.GOOD, False, "ana", "", now))
    found = bands(client, console)
    assert list(found) == [FLOW]
    assert 4.0 < found[FLOW]["low"] < 4.05 and 4.4 < found[FLOW]["high"] < 4.5


def test_without_any_verdict_there_is_no_band(client: TestClient, console: Console,
                                              historian: EmbeddedHistorian) -> None:
    stored(historian, flow=0)
    assert bands(client, console) == {}


@pytest.mark.parametrize("spans", [[(0, 10**15)], [(0, 10**14), (5 * 10**14, 6 * 10**14)], [(0, 5), (7, 7)]])
def test_long_stretches_are_looked_at_from_end_to_end_in_few_pieces(spans: list[tuple[int, int]]) -> None:
    pieces = spread(spans)
    assert len(pieces) <= 26 and pieces[0][0] == spans[0][0]
    assert all(any(start <= a < b <= end for start, end in spans) for a, b in pieces)
