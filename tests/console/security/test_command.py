"""``lineshaft console user`` and ``audit``: accounts before the console ever ran, passwords never as arguments."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.cli import main
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.people import People

PASSWORD = "correct horse battery"


class Run:
    """The command line on one project."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._patch, self._read = folder, monkeypatch, capsys

    def __call__(self, words: str, *, typed: str = PASSWORD, code: int = 0) -> Any:
        self._patch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        assert main(["console", *words.split(), "--project", str(self._folder), "-o", "json"]) == code
        told = self._read.readouterr()
        return told.err if code else json.loads(told.out)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
        passwords: Passwords) -> Run:
    monkeypatch.setattr("lineshaft.app.console.security.people.Passwords", lambda: passwords)
    return Run(tmp_path, monkeypatch, capsys)


def test_the_first_administrator_is_made_here_and_comes_in(run: Run, tmp_path: Path, passwords: Passwords) -> None:
    [made] = run("user add anna --role admin")
    assert (made["name"], made["role"], made["must_change"]) == ("anna", "admin", False)
    people = People(tmp_path, passwords=passwords)
    assert people.enter("anna", PASSWORD, "10.0.0.7").account.name == "anna"
    people.close()


def test_accounts_are_listed_changed_and_kept_out(run: Run) -> None:
    run("user add anna --role admin")
    run("user add ben --role viewer --must-change")
    assert [(one["name"], one["role"], one["must_change"]) for one in run("user list")] == [
        ("anna", "admin", False), ("ben", "viewer", True)]
    assert run("user role ben --role operator")[0]["role"] == "operator"
    assert run("user disable ben")[0]["disabled"] is True
    assert run("user enable ben")[0]["disabled"] is False
    assert run("user password ben", typed="another good password")[0]["must_change"] is False


@pytest.mark.parametrize(("words", "typed", "code", "said"), [
    ("user add ben --role chief", PASSWORD, 2, "no role is called 'chief'; use one of: viewer, operator"),
    ("user add ben --role viewer", "short", 2, "the password has 5 characters"),
    ("user add ben --role viewer", "", 2, "the password has 0 characters"),
    ("user disable anna", PASSWORD, 1, "anna is the last administrator"),
    ("user disable nobody", PASSWORD, 2, "no account is called 'nobody'"),
    ("user password nobody", PASSWORD, 2, "no account is called 'nobody'"),
])
def test_a_mistake_is_a_sentence(run: Run, words: str, typed: str, code: int, said: str) -> None:
    run("user add anna --role admin")
    assert said in run(words, typed=typed, code=code)


def test_a_password_is_no_argument(run: Run) -> None:
    with pytest.raises(SystemExit):
        main(["console", "user", "add", "anna", "--role", "admin", "--password", PASSWORD])


def test_at_a_terminal_it_is_asked_for_twice(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter([PASSWORD, PASSWORD + "x", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr("sys.stdin", Terminal())
    words = ["console", "user", "add", "anna", "--role", "admin", "--project", str(tmp_path)]
    assert main(words) == 2
    assert main(words) == 0


def test_acts_of_the_command_line_are_in_the_log_and_the_log_is_proved(run: Run, tmp_path: Path) -> None:
    run("user add anna --role admin")
    run("user add ben --role viewer")
    lines = run("audit list")
    assert [(line["act"], line["what"], line["address"]) for line in lines] == [
        ("account added", "ben", ""), ("account added", "anna", "")]
    assert [line["what"] for line in run("audit list --find ben")] == ["ben"]
    head = run("audit verify")["head"]
    assert head == lines[0]["digest"]
    run("user disable ben")
    assert run(f"audit verify --anchor {head}")["why"] == ""
    with sqlite3.connect(tmp_path / "console" / "console.sqlite") as db:
        db.execute("DROP TRIGGER audit_stays")
        db.execute("UPDATE audit SET what = 'eve' WHERE sequence = 2")
    assert main(["console", "audit", "verify", "--project", str(tmp_path)]) == 1


def test_a_folder_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    assert main(["console", "user", "list", "--project", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()
