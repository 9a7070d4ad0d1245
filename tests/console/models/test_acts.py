"""What people do with bundles, on a real node: beside, promote, back; and learning anew in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from tests.console.works import Noting, Opened, at, opened, running

from lineshaft.app import flow
from lineshaft.app.console.door import Person, Role
from lineshaft.app.project import Project
from lineshaft.core.feedback import Feedback, Verdict


@pytest.fixture
def alive(console: Opened, project: Project) -> Iterator[Opened]:
    """A console whose node decides."""
    with running(project):
        console.wait(lambda pulse: pulse.reached and pulse.status["ticks"] > 2)
        yield console


def roles(console: Opened) -> dict[int, list[str]]:
    return {one["version"]: one["roles"] for one in console.get("/model")["bundles"]}


def test_a_new_version_runs_beside_is_compared_takes_over_and_goes_back(alive: Opened) -> None:
    assert roles(alive) == {1: ["decides"], 2: []}
    assert alive.get("/model/compare")["shadow"] is None
    assert alive.post("/model/2/shadow")["version"] == 2
    alive.wait(lambda pulse: (pulse.status["shadow"] or {}).get("ticks", 0) > 3)
    assert roles(alive) == {1: ["decides"], 2: ["shadow"]}
    found = alive.get("/model/compare")
    assert (found["champion"]["version"], found["shadow"]["version"]) == (1, 2)
    assert found["ticks"] > 3 and 0 <= found["agree"] <= 1
    scores = found["scores"]
    assert len(scores["t"]) == len(scores["champion"]) == len(scores["shadow"]) > 3
    assert scores["t"][0] >= found["since"] > 0
    differences = [abs(one - other) for one, other in zip(scores["champion"], scores["shadow"], strict=True)]
    assert max(differences) <= found["largest_difference"] + 1e-9

    assert alive.post("/model/promote")["version"] == 2
    alive.wait(lambda pulse: pulse.status["version"] == 2)
    assert roles(alive) == {1: ["last-good"], 2: ["decides"]}
    assert alive.post("/model/rollback")["version"] == 1
    alive.wait(lambda pulse: pulse.status["version"] == 1)
    assert cast("Noting", alive.console.door).notes == [
        ("shadow begun", "version 2", "done"), ("promoted", "cell", "done"), ("rolled back", "cell", "done")]


def test_only_what_is_new_is_given_of_the_scores(alive: Opened) -> None:
    alive.post("/model/2/shadow")
    alive.wait(lambda pulse: (pulse.status["shadow"] or {}).get("ticks", 0) > 3)
    first = alive.get("/model/compare")["scores"]["t"]
    again = alive.get("/model/compare", after=first[-1])["scores"]["t"]
    assert all(time > first[-1] for time in again)


def test_a_bundle_may_decide_at_once(alive: Opened) -> None:
    assert alive.post("/model/2/deploy")["version"] == 2
    alive.wait(lambda pulse: pulse.status["version"] == 2)
    assert roles(alive)[2] == ["decides"]


def test_what_a_node_refuses_is_a_sentence_and_in_the_audit_log(alive: Opened) -> None:
    assert "there is no shadow" in alive.refused("POST", "/model/promote", 409)
    assert "there is no earlier bundle" in alive.refused("POST", "/model/rollback", 409)
    assert cast("Noting", alive.console.door).notes == [
        ("promoted", "cell", "refused"), ("rolled back", "cell", "refused")]


def test_without_a_node_nothing_can_be_brought_in(console: Opened) -> None:
    for path in ("/model/2/shadow", "/model/promote", "/model/rollback"):
        assert "no node runs" in console.refused("POST", path, 503)
    assert "no node runs" in console.refused("GET", "/model/compare", 503)


def test_without_a_node_the_next_one_may_be_given_another_bundle(console: Opened) -> None:
    assert console.post("/model/2/deploy")["version"] == 2
    assert roles(console) == {1: [], 2: ["starts"]}


def test_a_bundle_is_replayed_over_recorded_history_beside_all_else(console: Opened) -> None:
    assert console.get("/model/2/rehearsal") == {"result": None, "job": None}
    with console.job() as job:
        begun = console.post("/model/2/rehearsal?last=day")
        assert begun["kind"] == "rehearsal/2/day"
    assert job["state"] == "failed" and "nothing was recorded" in job["error"]  # its history is years old
    assert console.get("/model/2/rehearsal", last="day")["job"]["error"] == job["error"]


@pytest.mark.parametrize("path", ["/model/retraining", "/model/2/shadow", "/model/2/deploy", "/model/promote",
                                  "/model/rollback", "/model/2/rehearsal"])
def test_acts_take_an_engineer(project: Project, path: str) -> None:
    with opened(project.folder, Noting(Person("otto", Role.OPERATOR))) as console:
        assert "this takes engineer" in console.refused("POST", path, 403)
        assert console.get("/model")["bundles"]


def test_retraining_is_due_once_people_say_so_often_enough(console: Opened, project: Project) -> None:
    before = console.get("/model/retraining")
    assert (before["bundle"], before["due"], before["false_alarms"]) == (1, False, 1)  # since version 1 learnt
    with project.historian() as historian:
        for place in range(before["needed"] - 1):
            flow.review(historian, Feedback("cell", at(400 + 10 * place), at(405 + 10 * place), Verdict.BAD, False,
                                            "anna", "", at(500 + place)))
    after = console.get("/model/retraining")
    assert after["due"] and (after["false_alarms"], after["missed_faults"]) == (1, before["needed"] - 1)


def test_retraining_runs_as_a_job_of_its_own_and_gives_the_next_version(console: Opened) -> None:
    with console.job() as job:
        begun = console.post("/model/retraining")
        assert (begun["kind"], begun["state"]) == ("retrain", "running")
        assert console.get("/model/retraining")["job"]["number"] == begun["number"]
        assert "begun by" in console.refused("POST", "/model/retraining", 409)
    assert job["state"] == "done", job["error"]
    assert job["result"]["version"] == 3 and job["done"] == job["total"] > 0
    assert console.get("/model")["bundles"][0]["version"] == 3
    notes = cast("Noting", console.console.door).notes
    assert notes == [("retraining begun", "cell", "done"), ("retraining begun", "cell", "refused")]


def test_a_training_that_fails_says_why(console: Opened, project: Project) -> None:
    (project.folder / "bundles" / "cell-9").write_text("in the way", "utf-8")
    with console.job() as job:
        console.post("/model/retraining")
        for one in (project.folder / "keys").iterdir():
            one.write_text("no key", "utf-8")
    assert job["state"] == "failed" and job["error"]
    assert console.get("/model/retraining")["job"]["error"] == job["error"]
