"""Alarms over the API: what a person does reaches the node, its journal and history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.console.alarms.conftest import API, QUIET, Plant

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor, Person, Role
from lineshaft.app.console.server import make_app
from lineshaft.app.project import Project
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.feedback import Verdict
from lineshaft.feedback.notes import notes
from lineshaft.feedback.verdicts import verdicts
from lineshaft.historian.store import EmbeddedHistorian

Ask = Callable[..., Any]
Act = Callable[..., tuple[int, Any]]
ACTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("cell/acknowledge", {}), ("cell/shelve", {"minutes": 5, "reason": "x"}), ("cell/unshelve", {}),
    ("cell/suppress", {"reason": "x"}), ("cell/unsuppress", {}), ("occurrences/{at}/verdict", {"verdict": "good"}),
    ("occurrences/{at}/note", {"text": "x"}))


def test_the_list_says_what_stands_since_when_and_why(plant: Plant, ask: Ask) -> None:
    raised = plant.alarm()
    (one,) = ask()
    assert one["name"] == "cell" and one["state"] == "unacknowledged" and one["priority"] == "high" and one["active"]
    assert one["since"] == raised.since // 1_000_000
    assert [cause["tag"] for cause in one["causes"]] == ["cell/flow", "cell/level", "cell/pressure"]
    assert one["causes"][0]["share"] == pytest.approx(0.6) and one["score"] >= 1


def test_an_alarm_that_was_never_raised_has_no_time(plant: Plant, ask: Ask) -> None:
    (one,) = ask()
    assert one["state"] == "normal" and one["since"] is None and one["changed"] is None


def test_acknowledging_reaches_the_node_and_its_journal(plant: Plant, ask: Ask, act: Act) -> None:
    plant.alarm()
    code, one = act("/cell/acknowledge")
    assert code == 200 and one["state"] == "acknowledged"
    assert plant.node.alarms.get("cell").state.value == "acknowledged"
    newest, oldest = ask("/journal")
    assert newest["event"] == "acknowledged" and newest["by"] == one["by"] != "node"
    assert oldest["event"] == "raised" and oldest["by"] == "node"
    (told,) = ask("/occurrences")["occurrences"]
    assert [line["event"] for line in told["acts"]] == ["acknowledged"]


def test_what_cannot_be_is_refused_in_a_sentence_about_the_alarm(plant: Plant, act: Act) -> None:
    code, said = act("/cell/acknowledge")
    assert code == 409 and said["error"] == ("cell: an alarm that is normal cannot be acknowledged; acknowledge alarms "
                                             "that are unacknowledged")
    assert act("/other/acknowledge")[0] == 404
    assert act("/cell/unshelve")[0] == act("/cell/unsuppress")[0] == 409


@pytest.mark.parametrize("body", [{"minutes": 0, "reason": "x"}, {"minutes": 1441, "reason": "x"}, {"minutes": 5},
                                  {"minutes": 5, "reason": ""}, {"minutes": 2.5, "reason": "x"}])
def test_a_shelf_without_a_sound_end_or_a_reason_is_not_understood(body: dict[str, object], plant: Plant,
                                                                   act: Act) -> None:
    code, said = act("/cell/shelve", **body)
    assert code == 400 and "\n" not in said["error"] and said["where"].startswith("body.")


def test_a_shelved_alarm_returns_by_itself_and_has_to_be_acknowledged_if_it_still_stands(
        plant: Plant, clock: ManualClock, ask: Ask, act: Act) -> None:
    plant.alarm()
    code, one = act("/cell/shelve", minutes=15, reason="P101 is being mended")
    assert code == 200 and one["state"] == "shelved" and one["reason"] == "P101 is being mended" and one["active"]
    clock.advance(one["until"] * 1_000_000 - clock.now() + SECOND)
    plant.until(lambda alarm: alarm.state.value == "unacknowledged")
    (back,) = ask()
    assert back["state"] == "unacknowledged" and back["until"] is None
    assert [line["event"] for line in ask("/journal")][:2] == ["shelf time over", "shelved"]


def test_suppression_lasts_until_a_person_ends_it(plant: Plant, ask: Ask, act: Act) -> None:
    assert act("/cell/suppress", reason="the unit stands still")[1]["state"] == "suppressed"
    plant.alarm()
    assert ask()[0]["state"] == "suppressed" and ask()[0]["active"]
    assert act("/cell/unsuppress")[1]["state"] == "unacknowledged"


def test_a_verdict_is_a_tag_in_history_over_the_whole_alarm(plant: Plant, project: Project, ask: Ask, act: Act,
                                                            historian: EmbeddedHistorian) -> None:
    raised = plant.alarm()
    plant.calm()
    start = raised.since // 1_000_000
    code, one = act(f"/occurrences/{start + 1500}/verdict", verdict="bad", comment=" cleaning ")
    assert code == 200 and one["verdict"]["verdict"] == "bad" and one["verdict"]["comment"] == "cleaning"
    (given,) = verdicts(historian, "cell")
    assert given.verdict is Verdict.BAD and given.alarm and given.start == raised.since
    assert (given.end - given.start) // 1_000_000 == one["duration_ms"] == one["end"] - one["start"]
    assert act(f"/occurrences/{start}/verdict", verdict="good")[1]["verdict"]["verdict"] == "good"
    figures = ask("/rates", hours=24)
    assert (figures["right"], figures["wrong"], figures["alarms"]) == (1, 0, 1)


def test_a_note_is_a_tag_in_history_and_stands_with_its_alarm(plant: Plant, ask: Ask, act: Act,
                                                              historian: EmbeddedHistorian) -> None:
    raised = plant.alarm()
    start = raised.since // 1_000_000
    assert act(f"/occurrences/{start}/note", text="清洗了过滤器")[1]["notes"][0]["text"] == "清洗了过滤器"
    (kept,) = notes(historian, "cell")
    assert kept.about == raised.since and kept.text == "清洗了过滤器"
    assert ask(f"/occurrences/{start}")["notes"][0]["by"] == kept.by
    assert act(f"/occurrences/{start}/note", text=" ")[0] == 400


def test_the_second_alarm_of_a_kind_brings_up_what_was_done_about_the_first(plant: Plant, ask: Ask, act: Act) -> None:
    first = plant.alarm()
    act("/cell/acknowledge")
    act(f"/occurrences/{first.since // 1_000_000}/note", text="changed the filter")
    plant.calm()
    second = plant.alarm()
    (case,) = ask(f"/occurrences/{second.since // 1_000_000}/cases")
    assert case["similarity"] > 0.95 and case["occurrence"]["start"] == first.since // 1_000_000
    assert case["occurrence"]["notes"][0]["text"] == "changed the filter"
    assert [line["event"] for line in case["occurrence"]["acts"]] == ["acknowledged"]
    assert ask(f"/occurrences/{first.since // 1_000_000}/cases") == []


def test_occurrences_come_newest_first_and_no_more_than_asked(plant: Plant, ask: Ask) -> None:
    starts = []
    for _ in range(3):
        starts.append(plant.alarm().since // 1_000_000)
        plant.calm()
    found = ask("/occurrences", limit=2)
    assert found["total"] == 3 and [one["start"] for one in found["occurrences"]] == starts[:0:-1]
    assert not any(one["open"] for one in found["occurrences"])
    early = ask("/occurrences", start=starts[0] - 1000, end=starts[1])
    assert [one["start"] for one in early["occurrences"]] == starts[:1]


def test_a_time_that_ends_before_it_begins_is_a_mistake(plant: Plant, client: TestClient) -> None:
    assert client.get(f"{API}/occurrences?start=5&end=5").status_code == 400


def test_a_quiet_time_differs_from_one_that_nobody_watched(plant: Plant, ask: Ask) -> None:
    assert ask("/occurrences")["decisions"] == 0
    plant.run(*QUIET, ticks=20)
    plant.deliver()
    found = ask("/occurrences")
    assert found["occurrences"] == [] and found["decisions"] == 20
    assert ask("/rates", hours=2)["watched_ms"] == 20_000


def test_a_moment_without_an_alarm_is_not_there(plant: Plant, client: TestClient) -> None:
    answer = client.get(f"{API}/occurrences/5")
    assert answer.status_code == 404 and "no alarm stood" in answer.json()["what"]
    assert client.get(f"{API}/occurrences/5/cases").status_code == 404


def test_without_a_node_the_list_says_so_and_the_past_can_still_be_read(plant: Plant, client: TestClient,
                                                                         ask: Ask) -> None:
    plant.alarm()
    plant.node.close()
    answer = client.get(API)
    assert answer.status_code == 503 and answer.json()["do"]
    assert [line["event"] for line in ask("/journal")] == ["raised"]
    assert ask("/occurrences")["total"] == 1


class Recording(OpenDoor):
    """Somebody of a role; what they did is remembered."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.noted: list[tuple[str, str]] = []

    def who(self, connection: object) -> Person:
        return Person("vera", self.role)

    def note(self, person: Person, act: str, what: str, detail: object = None, **_: object) -> None:
        self.noted.append((act, what))


def test_who_only_looks_may_not_act(plant: Plant, project: Project) -> None:
    raised = plant.alarm()
    at = raised.since // 1_000_000
    with TestClient(make_app(Console(project.folder, Recording(Role.VIEWER))), base_url="http://127.0.0.1") as client:
        assert client.get(API).status_code == 200
        for path, body in ACTS:
            assert client.post(f"{API}/{path.format(at=at)}", json=body).status_code == 403
    assert plant.node.alarms.get("cell").state.value == "unacknowledged"


def test_every_act_is_noted_in_the_person_s_name(plant: Plant, project: Project) -> None:
    at = plant.alarm().since // 1_000_000
    door = Recording(Role.OPERATOR)
    with TestClient(make_app(Console(project.folder, door)), base_url="http://127.0.0.1") as client:
        for path, body in ACTS:
            assert client.post(f"{API}/{path.format(at=at)}", json=body).status_code == 200
    assert door.noted == [("acknowledge", "cell"), ("shelve", "cell"), ("unshelve", "cell"), ("suppress", "cell"),
                          ("unsuppress", "cell"), ("judged", "cell"), ("noted", "cell")]
    assert plant.node.alarms.get("cell").by == "vera"
