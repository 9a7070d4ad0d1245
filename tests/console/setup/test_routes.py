"""The road over HTTP: from an empty folder to a file, a choice and a judgement; each step for engineers only."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from tests.console.setup.conftest import TAGS, until

from lineshaft.app.config import FILE
from lineshaft.app.console.context import Engineer
from lineshaft.app.console.routes.setup import router
from lineshaft.connect.opcua.simulator import Simulator

API = "/api/v1/setup"


def wishes(**keys: Any) -> list[dict[str, Any]]:
    return [{"key": name.split("__"), "value": value} for name, value in keys.items()]


def written(client: TestClient, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Draft and write, as the page does."""
    draft = client.post(f"{API}/draft", json={"changes": changes}).json()
    answer = client.post(f"{API}/file", json={"changes": changes, "digest": draft["digest"]})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def probed(client: TestClient, source: str) -> dict[str, Any]:
    probe: dict[str, Any] = client.post(f"{API}/probe", json={"source": source}).json()

    def over() -> bool:
        probe.update(client.get(f"{API}/probe/{probe['number']}").json())
        return probe["state"] not in ("connecting", "browsing")
    until(over)
    return probe


def test_an_empty_folder_has_nothing_but_its_place(client: TestClient, tmp_path: Path) -> None:
    told = client.get(API).json()
    assert (told["file"], told["digest"], told["folder"]) == (False, "", str(tmp_path))


def test_from_a_source_to_a_file_that_takes_some_of_its_tags(
        client: TestClient, tmp_path: Path, plant: Simulator) -> None:
    probe = probed(client, plant.url)
    assert (probe["state"], probe["tags"], probe["connector"]) == ("ready", len(TAGS), "opcua")
    told = written(client, wishes(plant__source=plant.url, plant__name="works/hall1", tasks__cell__learn="by hand"))
    assert (told["source"], told["name"], told["task"]["learn"]) == (plant.url, "works/hall1", "by hand")
    there = client.get(f"{API}/probe/{probe['number']}/tag").json()
    assert {tag["path"] for tag in there if tag["chosen"]} == {tag.path for tag in TAGS if tag.kind != "text"}
    found = client.post(f"{API}/probe/{probe['number']}/pattern", json={"tags": [TAGS[2].path]}).json()
    written(client, wishes(tasks__cell__tags=found["tags"]))
    there = client.get(f"{API}/probe/{probe['number']}/tag").json()
    assert [tag["path"] for tag in there if tag["chosen"]] == [TAGS[2].path]
    assert tomllib.loads((tmp_path / FILE).read_text("utf-8"))["tasks"]["cell"]["tags"] == found["tags"]
    value = client.post(f"{API}/probe/{probe['number']}/value", json={"tags": [TAGS[2].path]}).json()
    assert value[TAGS[2].path]["value"] == 70.25
    assert client.delete(f"{API}/probe/{probe['number']}").status_code == 204
    assert client.get(f"{API}/probe/{probe['number']}").status_code == 400


def test_a_file_that_changed_under_the_page_is_refused(client: TestClient, tmp_path: Path) -> None:
    changes = wishes(tasks__cell__period="2s")
    written(client, wishes(plant__source="plant:?seed=7"))
    draft = client.post(f"{API}/draft", json={"changes": changes}).json()
    text = (tmp_path / FILE).read_text("utf-8") + "# by hand\n"
    (tmp_path / FILE).write_text(text, "utf-8")
    answer = client.post(f"{API}/file", json={"changes": changes, "digest": draft["digest"]})
    assert answer.status_code == 409 and "changed meanwhile" in answer.json()["error"]
    assert (tmp_path / FILE).read_text("utf-8") == text


def test_a_draft_writes_nothing(client: TestClient, tmp_path: Path) -> None:
    draft = client.post(f"{API}/draft", json={"changes": wishes(plant__source="plant:?seed=7")}).json()
    assert draft["changed"] and draft["lines"][0]["kind"] == "add"
    assert not (tmp_path / FILE).exists()


def test_a_wrong_key_is_named_with_its_line(client: TestClient) -> None:
    answer = client.post(f"{API}/draft", json={"changes": wishes(tasks__cell__period="soon")})
    assert answer.status_code == 400 and "lineshaft.toml:" in answer.json()["where"]


def test_a_mistake_in_the_file_is_told_and_the_rest_still_answers(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[plant]\nsource = 1\n", "utf-8")
    told = client.get(API).json()
    assert told["file"] and "lineshaft.toml:2 plant.source" in told["mistake"]


def test_what_there_is_to_choose_from_is_found_not_listed(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text("time,a\n", "utf-8")
    told = client.get(f"{API}/choices").json()
    assert {kind["name"] for kind in told["kinds"]} >= {"opcua", "files", "plant"}
    assert "fake" not in {kind["name"] for kind in told["kinds"]}
    assert [one["path"] for one in told["files"]] == ["export.csv"] and "auto" in told["learners"]


def test_before_anything_is_recorded_a_stretch_is_a_sentence(client: TestClient) -> None:
    assert client.get(f"{API}/stretch", params={"start": 0, "end": 1000}).status_code == 404
    written(client, wishes(plant__source="plant:?seed=7"))
    answer = client.get(f"{API}/stretch", params={"start": 0, "end": 1000})
    assert answer.status_code == 400 and "nothing of this task is recorded yet" in answer.json()["error"]


@pytest.mark.parametrize("path", ["rehearsal", "deploy"])
def test_without_a_bundle_there_is_nothing_to_run(client: TestClient, path: str) -> None:
    written(client, wishes(plant__source="plant:?seed=7"))
    answer = client.post(f"{API}/{path}", json={"version": 1})
    assert answer.status_code in (400, 404) and answer.json()["do"]


def test_every_route_asks_for_an_engineer() -> None:
    wanted = get_args(Engineer)[1].dependency
    for route in router.routes:
        asked = {one.call for one in route.dependant.dependencies}  # type: ignore[attr-defined]
        assert wanted in asked, route
