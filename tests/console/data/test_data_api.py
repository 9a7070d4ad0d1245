"""What the data page asks for, over a real history."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from lineshaft.app.console.context import Console
from lineshaft.core.clock import SECOND
from lineshaft.historian.store import EmbeddedHistorian

MS = 1_000_000
START = 1_700_000_000 * SECOND // MS
SPAN = {"start": START, "end": START + 1_200_000}
FLOW, PRESSURE, RUNNING = "works/P1/flow", "works/P1/pressure", "works/P1/running"


def quality(client: TestClient, console: Console, **words: str) -> dict[str, Any]:
    """Once it is worked out."""
    asked = client.get("/api/v1/data/quality", params={**SPAN, **words})
    assert asked.status_code == 200
    for work in list(console.works._works.values()):
        assert work.ended.wait(60)
    found = client.get("/api/v1/data/quality", params={**SPAN, **words}).json()
    assert found["state"] == "done"
    return dict(found["quality"])


def test_every_tag_has_its_strip_its_findings_and_its_broken_promises(client: TestClient, console: Console) -> None:
    tags = {tag["path"]: tag for tag in quality(client, console)["tags"]}
    assert set(tags) == {FLOW, PRESSURE, RUNNING}
    broken = {path: {one["promise"]: one for one in tag["broken"]} for path, tag in tags.items()}
    assert broken[FLOW]["range"]["count"] == 10 and broken[FLOW]["range"]["first"] == START + 900_000
    assert broken[RUNNING]["kind"]["count"] == 1
    assert "unit" in broken[PRESSURE] and "unit" not in broken[FLOW]
    assert broken[PRESSURE]["period"]["figures"]["longest_ns"] == 101 * SECOND
    assert tags[PRESSURE]["strip"][21:29] == "m" * 8 and tags[FLOW]["strip"][21:29] == "g" * 8
    assert tags[FLOW]["strip"][60] in "bm"
    assert tags[PRESSURE]["missing_ms"] >= 100_000 and tags[PRESSURE]["whole"]
    assert any("outside its range" in one["sentence"] for one in tags[FLOW]["findings"])


def test_findings_are_told_in_the_language_of_the_reader(client: TestClient, console: Console) -> None:
    tags = {tag["path"]: tag for tag in quality(client, console, lang="zh")["tags"]}
    assert any("超出量程" in one["sentence"] for one in tags[FLOW]["findings"])
    assert client.get("/api/v1/data/quality", params={**SPAN, "lang": "xx"}).status_code == 400


def test_a_lost_link_is_counted_once_and_not_for_every_tag(client: TestClient, console: Console) -> None:
    assert quality(client, console)["lost"] == [{"start": START + 600_000, "end": START + 610_000}]


def test_the_same_stretch_is_worked_out_once(client: TestClient, console: Console) -> None:
    quality(client, console)
    quality(client, console, lang="zh")
    assert len(console.works._works) == 1


def test_a_stretch_without_length_is_a_mistake_that_says_so(client: TestClient) -> None:
    answer = client.get("/api/v1/data/quality", params={"start": START, "end": START})
    assert answer.status_code == 400 and "empty" in answer.json()["error"]


def test_an_empty_stretch_finds_every_tag_dead(client: TestClient, console: Console) -> None:
    before = {"start": 1_000, "end": 2_000_000}
    client.get("/api/v1/data/quality", params=before)
    for work in list(console.works._works.values()):
        assert work.ended.wait(60)
    found = client.get("/api/v1/data/quality", params=before).json()["quality"]
    assert {tag["unusable"] for tag in found["tags"]} == {"dead"}


def test_one_tag_close_up_has_its_histogram_its_promises_and_its_gaps(client: TestClient, console: Console) -> None:
    quality(client, console)
    found = client.get("/api/v1/data/tag", params={"path": PRESSURE, **SPAN}).json()
    assert sum(found["counts"]) == 1200 - 100 - 10 and found["quantiles"]["0.5"] == found["quantiles"]["0.5"]
    assert (found["promised_low"], found["promised_high"], found["promised_ms"]) == (0.0, 10.0, 1000.0)
    assert {"start": START + 199_000, "end": START + 300_000} in found["gaps"]
    missing = client.get("/api/v1/data/tag", params={"path": "works/unknown", **SPAN})
    assert missing.status_code == 404 and "no such tag" in missing.json()["error"]


def test_the_source_says_what_it_is_and_since_when_without_any_secret(client: TestClient,
                                                                     historian: EmbeddedHistorian) -> None:
    (found,) = client.get("/api/v1/data/sources").json()
    assert found["uri"] == "opc.tcp://127.0.0.1:4840/plant" and found["title"] == "OPC UA"
    assert found["since"] == START and found["newest"] == START + 1_199_000 and found["state"] == "stale"
    assert found["rate"] == 0 and found["good"] is None
    assert found["rows"] == historian.arrived() and found["version"] == historian.version()
    assert found["hot_bytes"] > 0 and found["cold_bytes"] == 0
    historian.flush()
    assert client.get("/api/v1/data/sources").json()[0]["cold_bytes"] > 0
