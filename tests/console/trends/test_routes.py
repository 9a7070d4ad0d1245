"""Trends over HTTP: what a page asks and what it is answered, on a project with history and a bundle of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineshaft.app import training
from lineshaft.app.band import normal_band
from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.quality import BAD_SENSOR_FAILURE
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag

START = 1_700_000_000
SECONDS = 900
TAGS = tuple(Tag(f"works/hall1/{name}", unit="bar", address=name) for name in "abc")
PATHS = [tag.path for tag in TAGS]
VALUES = np.random.default_rng(1).normal(size=(SECONDS, 3))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """900 s of three tags, a bundle learnt from the first 600 of them, and an alarm in the last 300."""
    folder = tmp_path_factory.mktemp("plant")
    (folder / "lineshaft.toml").write_text(template(name="works/hall1"), "utf-8")
    found = Project.open(folder)
    with found.historian() as historian:
        historian.register([*TAGS, *decision_tags(found.loop, "works/hall1")])
        historian.append(Samples.rows(PATHS, (START + np.arange(SECONDS)) * SECOND, VALUES))
        historian.append(Samples.of([Sample(PATHS[0], (START + SECONDS) * SECOND, 5.0, BAD_SENSOR_FAILURE)]))
        training.declare_normal(found, historian, START * SECOND, (START + 600) * SECOND, "anna", "")
        training.train(found, historian)
        historian.append(decision_samples(
            Decision(found.loop, "works/hall1", (START + second) * SECOND, 2.0 if 700 <= second < 720 else 0.5,
                     700 <= second < 720, (Cause(PATHS[0], 0.5),)) for second in range(600, SECONDS)))
    return found


@pytest.fixture(scope="module")
def client(project: Project) -> Iterator[TestClient]:
    with TestClient(make_app(Console(project.folder, OpenDoor())), base_url="http://127.0.0.1:8420") as found:
        yield found


def asked(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/trend{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def span(first: int, last: int) -> dict[str, int]:
    return {"start": (START + first) * 1000, "end": (START + last) * 1000}


def test_few_samples_come_as_they_are(client: TestClient) -> None:
    found = asked(client, "", tags=PATHS[:2], columns=100, **span(10, 20))
    line = found["series"][PATHS[1]]
    assert line["t"] == [(START + second) * 1000 for second in range(10, 20)]
    assert line["v"] == VALUES[10:20, 1].tolist()
    assert (line["q"], line["raw"], line["count"]) == ([0] * 10, True, 10)
    assert set(found["series"]) == set(PATHS[:2])


def test_a_long_range_is_drawn_by_its_extremes(client: TestClient) -> None:
    line = asked(client, "", tags=PATHS[1], columns=10, **span(-3600, SECONDS))["series"][PATHS[1]]
    assert not line["raw"]
    assert line["count"] == SECONDS
    assert len(line["t"]) < 100
    values = [value for value in line["v"] if value is not None]
    assert (min(values), max(values)) == (VALUES[:, 1].min(), VALUES[:, 1].max())


def test_what_is_bad_is_null_and_said(client: TestClient) -> None:
    line = asked(client, "", tags=PATHS[0], **span(SECONDS - 2, SECONDS + 1))["series"][PATHS[0]]
    assert line["v"][-1] is None
    assert line["q"] == [0, 0, 2]
    assert line["spans"][0] == {"start": (START + SECONDS) * 1000, "end": (START + SECONDS + 3) * 1000, "kind": "bad"}


def test_alarms_come_with_their_causes_and_the_score_as_a_line(client: TestClient, project: Project) -> None:
    found = asked(client, "/decisions", **span(0, SECONDS))
    (alarm,) = found["spans"]
    assert (alarm["start"], alarm["end"]) == ((START + 700) * 1000, (START + 719) * 1000)
    assert alarm["peak"] == 2.0
    assert [cause["tag"] for cause in alarm["causes"]] == [PATHS[0]]
    assert max(found["score"]["v"]) == 2.0
    assert found["loop"] == project.loop


def test_a_band_is_where_values_lay_in_what_the_deciding_bundle_learnt(client: TestClient) -> None:
    found = asked(client, "/band", tags=PATHS)
    good = np.ones(600, np.bool_)
    for at, path in enumerate(PATHS):
        band = normal_band(VALUES[:600, at], good)
        assert (found["bands"][path]["low"], found["bands"][path]["high"]) == pytest.approx(band)
    assert found["bundle"].startswith("sha256:")
    assert found == asked(client, "/band", tags=PATHS)


def test_values_now_and_then(client: TestClient) -> None:
    now = asked(client, "/now", tags=PATHS)["values"]
    assert (now[PATHS[0]]["value"], now[PATHS[0]]["quality_name"], now[PATHS[0]]["stale"]) == (
        5.0, "BadSensorFailure", True)
    then = asked(client, "/now", tags=PATHS[1], at=(START + 5) * 1000)["values"][PATHS[1]]
    assert (then["value"], then["time"], then["stale"]) == (VALUES[5, 1], (START + 5) * 1000, False)


def test_a_file_of_the_range(client: TestClient, tmp_path: Path) -> None:
    query = {"tags": PATHS, **span(0, 100)}
    table = client.get("/api/v1/trend/export", params=query)
    assert table.headers["content-type"].startswith("text/csv")
    assert 'filename="history-20231114T221320Z.csv"' in table.headers["content-disposition"]
    assert table.content.decode("utf-8-sig").count("\n") == 301
    (tmp_path / "a.parquet").write_bytes(
        client.get("/api/v1/trend/export", params={**query, "format": "parquet", "layout": "wide"}).content)
    assert duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(tmp_path / "a.parquet")]).fetchall() == [(100,)]


@pytest.mark.parametrize(("path", "query", "status", "said"), [
    ("", {"tags": "nobody", "start": 0, "end": 1}, 404, "no such tag"),
    ("", {"tags": PATHS[0], "start": 1, "end": 1}, 400, "is empty"),
    ("", {"start": 0, "end": 1}, 400, "not understood"),
    ("", {"tags": PATHS[0], "start": 0, "end": 10**15}, 400, "not understood"),
    ("", {"tags": PATHS[0], "start": 0, "end": 1, "columns": 0}, 400, "not understood"),
    ("/export", {"tags": PATHS[0], "start": 0, "end": 1, "format": "xlsx"}, 400, "not understood"),
    ("/export", {"tags": "nobody", "start": 0, "end": 1}, 404, "no such tag"),
])
def test_what_cannot_be_answered_is_said(client: TestClient, path: str, query: dict[str, Any], status: int,
                                         said: str) -> None:
    answer = client.get(f"/api/v1/trend{path}", params=query)
    assert answer.status_code == status
    assert said in answer.json()["error"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(["", "/decisions", "/band", "/now", "/export"]), data=st.data())
def test_any_range_is_answered_as_documented(client: TestClient, path: str, data: st.DataObject) -> None:
    moments = st.one_of(st.integers(-9_000_000_000_000, 9_000_000_000_000),
                        st.integers((START - 100) * 1000, (START + 1000) * 1000))
    query: dict[str, Any] = {"tags": data.draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=4))}
    query |= {"start": data.draw(moments), "end": data.draw(moments), "columns": data.draw(st.integers(1, 10_000)),
              "at": data.draw(moments), "layout": data.draw(st.sampled_from(["long", "wide"]))}
    answer = client.get(f"/api/v1/trend{path}", params=query)
    assert answer.status_code == (400 if path in ("", "/decisions", "/export") and query["start"] >= query["end"]
                                  else 200), answer.text
    if path != "/export":
        json.loads(answer.content)


def test_before_set_up_there_is_nothing(tmp_path: Path) -> None:
    with TestClient(make_app(Console(tmp_path, OpenDoor())), base_url="http://127.0.0.1:8420") as empty:
        for path in ("/decisions", "/band?tags=a", "/now?tags=a", "?tags=a&start=0&end=1"):
            answer = empty.get(f"/api/v1/trend{path}{'?start=0&end=1' if path == '/decisions' else ''}")
            assert answer.status_code == 404
