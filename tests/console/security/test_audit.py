"""The audit log only grows, notices what was changed or removed, and holds no secret."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineshaft.app.console.door import Person, Role
from lineshaft.app.console.security.audit import Audit, Filter
from lineshaft.app.console.security.store import Store
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.errors import EnvironmentFailed

BEN = Person("ben", Role.OPERATOR, "10.0.0.8")
ANNA = Person("anna", Role.ENGINEER, "10.0.0.7")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def audit(store: Store, clock: ManualClock) -> Audit:
    found = Audit(store, clock)
    for number in range(6):
        found.note(ANNA if number % 2 else BEN, "shelved" if number < 4 else "trained", f"alarm {number}",
                   {"hours": number}, outcome="done" if number != 3 else "refused")
        clock.advance(SECOND)
    return found


def test_the_newest_come_first_page_by_page(audit: Audit) -> None:
    first = audit.lines(limit=4)
    assert [line.sequence for line in first] == [6, 5, 4, 3]
    assert [line.sequence for line in audit.lines(before=3, limit=4)] == [2, 1]


@pytest.mark.parametrize(("which", "found"), [
    (Filter(person="anna"), [6, 4, 2]), (Filter(act="trained"), [6, 5]), (Filter(outcome="refused"), [4]),
    (Filter(find="ALARM 5"), [6]), (Filter(find="%"), []), (Filter(person="anna", act="shelved"), [4, 2]),
    (Filter(start=1_700_000_002 * SECOND, end=1_700_000_004 * SECOND), [4, 3]), (Filter(find="' OR 1=1 --"), []),
])
def test_a_filter_finds_what_it_says(audit: Audit, which: Filter, found: list[int]) -> None:
    assert [line.sequence for line in audit.lines(which)] == found


def test_a_line_says_who_what_and_from_where(audit: Audit) -> None:
    line = audit.lines(limit=1)[0]
    assert (line.person, line.role, line.address, line.act, line.what, line.detail, line.outcome) == (
        "anna", "engineer", "10.0.0.7", "trained", "alarm 5", '{"hours": 5}', "done")


def test_an_untouched_log_is_whole(audit: Audit) -> None:
    found = audit.verify()
    assert (found.lines, found.broken, found.why) == (6, 0, "")
    assert found.head == audit.lines(limit=1)[0].digest


def test_an_empty_log_is_whole(store: Store, clock: ManualClock) -> None:
    assert Audit(store, clock).verify().why == ""


@pytest.mark.parametrize("act", ["UPDATE audit SET person = 'x' WHERE sequence = 2", "DELETE FROM audit"])
def test_the_program_itself_cannot_change_or_remove_a_line(audit: Audit, store: Store, act: str) -> None:
    with pytest.raises(EnvironmentFailed, match="the audit log only grows"), store.write() as db:
        db.execute(act)
    assert audit.verify().why == ""


COLUMNS = ["time", "person", "role", "address", "act", "what", "detail", "outcome", "digest"]
TAMPERED: dict[str, tuple[str, int, str]] = {
    **{f"changed {column}": (f"UPDATE audit SET {column} = {column} || 1 WHERE sequence = 3", 3, "not as it was")
       for column in COLUMNS},
    "removed inside": ("DELETE FROM audit WHERE sequence = 3", 3, "is missing"),
    "removed first": ("DELETE FROM audit WHERE sequence = 1", 1, "is missing"),
    "removed newest": ("DELETE FROM audit WHERE sequence = 6", 6, "the newest lines are missing"),
    "removed all": ("DELETE FROM audit", 1, "the newest lines are missing"),
    "swapped": ("UPDATE audit SET what = CASE sequence WHEN 2 THEN 'alarm 2' ELSE 'alarm 1' END "
                "WHERE sequence IN (2, 3)", 2, "not as it was written"),
    "moved": ("UPDATE audit SET sequence = 7 WHERE sequence = 6", 6, "is missing"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_line_that_was_changed_or_removed_is_noticed(audit: Audit, store: Store, how: str) -> None:
    act, broken, why = TAMPERED[how]
    with sqlite3.connect(store.path) as db:  # somebody who may write the file takes the guards away first
        db.execute("DROP TRIGGER audit_stays")
        db.execute("DROP TRIGGER audit_keeps")
        db.execute(act)
    found = audit.verify()
    assert found.broken == broken
    assert why in found.why


def test_a_log_that_was_made_anew_is_noticed_by_a_digest_noted_before(
        audit: Audit, store: Store, clock: ManualClock) -> None:
    noted = audit.verify().head
    audit.note(ANNA, "later")
    assert audit.verify(anchor=noted).why == ""
    with sqlite3.connect(store.path) as db:
        db.execute("DROP TRIGGER audit_keeps")
        db.execute("DELETE FROM audit")
        db.execute("DELETE FROM meta WHERE name = 'audit'")
        db.execute("DELETE FROM sqlite_sequence")
    audit.note(ANNA, "all is well")
    assert audit.verify().why == ""
    assert "made anew" in audit.verify(anchor=noted).why


def test_two_processes_write_one_chain(tmp_path: Path, clock: ManualClock) -> None:
    stores = [Store(tmp_path), Store(tmp_path)]
    for number in range(10):
        Audit(stores[number % 2], clock).note(ANNA, "act", str(number))
    assert Audit(stores[0], clock).verify().lines == 10


def test_what_is_called_secret_is_left_out_however_deep(audit: Audit) -> None:
    told = {"user": "plc", "password": "hunter22", "options": {"client_secret": "s3cr3t"}}
    audit.note(ANNA, "set up", "source", told)
    detail = audit.lines(limit=1)[0].detail
    assert detail == '{"options": {"client_secret": "(secret)"}, "password": "(secret)", "user": "plc"}'


def test_a_long_line_is_cut(audit: Audit) -> None:
    audit.note(ANNA, "set up", "x" * 10_000, {"text": "y" * 10_000})
    line = audit.lines(limit=1)[0]
    assert len(line.what) == 4096
    assert line.detail == '{"cut": true}'
    assert audit.verify().why == ""


def exported(audit: Audit, which: Filter | None = None) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(audit.export(which)), newline="")))


def test_the_export_has_every_line_with_its_digest_oldest_first(audit: Audit) -> None:
    head, *rows = exported(audit)
    assert head[:4] == ["sequence", "time", "person", "role"]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert rows[0][1] == "2023-11-14T22:13:20.000Z"
    assert rows[-1][-1] == audit.verify().head
    assert len(exported(audit, Filter(person="ben"))) == 4


@pytest.mark.parametrize("what", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_computes_nothing_of_it(audit: Audit, what: str) -> None:
    audit.note(ANNA, "act", what)
    assert exported(audit)[-1][6] == f"'{what}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(act=st.text(max_size=20), what=st.text(max_size=20), key=st.text(max_size=8), value=st.text(max_size=20))
def test_whatever_is_noted_is_proved(audit: Audit, act: str, what: str, key: str, value: str) -> None:
    audit.note(ANNA, act, what, {key: value})
    assert audit.verify().why == ""
