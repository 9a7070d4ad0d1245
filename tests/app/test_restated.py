"""A plant that states another unit for a tag than its history has: the two never mix."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from lineshaft.app.edge import addressed
from lineshaft.app.intake import Intake
from lineshaft.app.project import Project
from lineshaft.app.record import Recorder
from lineshaft.app.restated import NAMED, as_recorded
from lineshaft.app.talk import Talk
from lineshaft.connect.fake.connector import FakeConnector
from lineshaft.connect.fake.simulator import FakePlant
from lineshaft.core.guard import WriteGuard
from lineshaft.core.quality import BAD_CONFIGURATION_ERROR, GOOD
from lineshaft.core.tag import Tag

FLOW, LEVEL = Tag("works/flow", "L/min", low=0.0, high=9.0, address="1"), Tag("works/level", "m", address="2")


def test_a_tag_in_another_unit_stays_as_the_history_has_it_under_its_new_address() -> None:
    tags, said = as_recorded([replace(FLOW, unit="m3/h", high=0.5, address="7"), LEVEL], [LEVEL, FLOW])
    assert tags == [replace(FLOW, address="7"), LEVEL]
    assert "works/flow in m3/h (the history has L/min)" in said and "works/level" not in said
    assert said.count(". ") == 0 and "`history` in lineshaft.toml" in said


def test_what_can_not_be_compared_is_taken_as_it_is_now() -> None:
    now = [replace(FLOW, high=12.0), replace(LEVEL, unit=""), Tag("works/new", "bar")]
    assert as_recorded(now, [FLOW, LEVEL]) == (now, "")
    assert as_recorded([FLOW], [Tag("works/flow")]) == ([FLOW], "")
    assert as_recorded([FLOW], [replace(FLOW, unit="Stk")]) == ([FLOW], ""), "of a unit that is not known, nothing"


def test_of_many_some_are_named_and_the_others_counted() -> None:
    known = [Tag(f"t{number}", "bar") for number in range(NAMED + 3)]
    said = as_recorded([replace(tag, unit="kPa") for tag in known], known)[1]
    assert "and 3 more:" in said and f"t{NAMED} " not in said


def recorded(folder: Path, head: str, day: int) -> list[str]:
    """What a run is told that records an export with this header to its end."""
    said: list[str] = []

    class Told(Talk):
        def warn(self, text: str) -> None:
            said.append(text)

    rows = [f"2024-01-{day:02} 00:00:{second:02},{second % 7},{second % 11}" for second in range(60)]
    (folder / "plant.csv").write_text("\n".join([head, *rows, ""]), "utf-8")
    (folder / "lineshaft.toml").write_text('[plant]\nsource = "plant.csv"\n[tasks.cell]\nlearn = "by hand"\n')
    project = Project.open(folder)
    with project.historian() as historian:
        intake = Intake(project, historian, Recorder(historian, said.append), Told(quiet=True))
        asyncio.run(intake.run(asyncio.Event()))
    return said


def test_after_a_restart_samples_in_another_unit_are_bad_and_the_history_keeps_its_unit(tmp_path: Path) -> None:
    assert recorded(tmp_path, "time,flow [L/min],level [m]", 1) == []
    with Project.open(tmp_path).historian() as historian:
        first = historian.arrived()
    [said] = recorded(tmp_path, "time,flow [m3/h],level [m]", 2)
    assert "flow in m3/h (the history has L/min)" in said
    with Project.open(tmp_path).historian() as historian:
        assert {tag.path: tag.unit for tag in historian.tags()} == {"flow": "L/min", "level": "m"}
        later = list(historian.since(first).samples)
    assert len(later) == 120
    assert {sample.quality for sample in later if sample.tag == "flow"} == {BAD_CONFIGURATION_ERROR}
    assert {sample.quality for sample in later if sample.tag == "level"} == {GOOD}


def test_a_node_asks_for_the_unit_that_was_learnt_also_where_the_address_is_looked_up() -> None:
    plant = FakePlant([replace(FLOW, unit="m3/h"), LEVEL])

    async def asked() -> list[Tag]:
        connector = FakeConnector(plant.uri, WriteGuard())
        await connector.open()
        return await addressed(connector, [replace(FLOW, address=""), replace(LEVEL, address="")])

    found = asyncio.run(asked())
    plant.forget()
    there = {tag.path: tag.address for tag in plant.tags.values()}
    assert found == [replace(FLOW, address=there[FLOW.path]), replace(LEVEL, address=there[LEVEL.path])]
