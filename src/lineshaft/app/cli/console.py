"""``lineshaft console``: the pages in the browser, and who may use them."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_time
from lineshaft.core.errors import UsageError

if TYPE_CHECKING:
    from lineshaft.app.console.door import Person
    from lineshaft.app.console.security.accounts import Account
    from lineshaft.app.console.security.people import People

SERVE = """  lineshaft console serve --project cell1
  lineshaft console serve --project cell1 --port 0     (lineshaft run does this by itself)"""
ADD = """  lineshaft console user add anna --role admin
  lineshaft console user add ben --role operator --must-change < initial-password.txt"""
VERIFY = """  lineshaft console audit verify
  lineshaft console audit verify --anchor 5f0c...      (a digest that you noted earlier)"""
NICENESS = 5
LAST_PORT = 65535


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder of the project; it may be empty still")
    parser.add_argument("--host", help="address to listen on; that of lineshaft.toml unless said")
    parser.add_argument("--port", type=int, help="to listen on, 0 takes a free one; that of lineshaft.toml unless said")
    parser.add_argument("--until-stdin-closes", action="store_true",
                        help="end when whoever started it closes its input, or is gone")


def serve(chosen: argparse.Namespace) -> int:
    """Serve until stopped; the first line of stdout says where, as JSON."""
    if not chosen.project.is_dir():
        raise UsageError("no such folder", where=str(chosen.project), do="name one that is there with --project")
    if chosen.port is not None and not 0 <= chosen.port <= LAST_PORT:
        raise UsageError(f"{chosen.port} is not a port", where="--port", do=f"give a number from 0 to {LAST_PORT}")
    from lineshaft.app.console.serve import serve as until_stopped

    _step_back()
    if chosen.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    until_stopped(chosen.project, host=chosen.host, port=chosen.port, ready=_say_ready)
    return 0


def _step_back() -> None:
    """Whoever looks must not slow down what records and decides; work begun in the console inherits this."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def _end_with_stdin() -> None:
    """The system closes the pipe of a parent that was killed: nobody else would end this process then."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _say_ready(url: str) -> None:
    print(json.dumps({"url": url}), flush=True)


# -- accounts and the audit log, for whoever may write the project folder


def project_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder of the project")


def name_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="of the account")
    project_argument(parser)


def role_arguments(parser: argparse.ArgumentParser) -> None:
    name_arguments(parser)
    parser.add_argument("--role", required=True, help="viewer, operator, engineer or admin")


def password_arguments(parser: argparse.ArgumentParser) -> None:
    name_arguments(parser)
    parser.add_argument("--must-change", action="store_true", help="at the next login another has to be chosen")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    role_arguments(parser)
    parser.add_argument("--must-change", action="store_true", help="at the first login another has to be chosen")


@contextmanager
def _people(chosen: argparse.Namespace) -> Iterator[tuple[People, Person]]:
    """The project's people, and who this is."""
    from lineshaft.app.console.door import Person, Role, local_name
    from lineshaft.app.console.security.people import People

    if not chosen.project.is_dir():
        raise UsageError("no such folder", where=str(chosen.project), do="name one that is there with --project")
    people = People(chosen.project)
    try:
        yield people, Person(local_name(), Role.ADMIN)
    finally:
        people.close()


def add(chosen: argparse.Namespace) -> int:
    """A local account; works before the console ever ran, so the first administrator is made so."""
    from lineshaft.app.console.door import Role

    role = Role.named(chosen.role)
    with _people(chosen) as (people, by):
        made = people.accounts.add(by, chosen.name, role, _password(), must_change=chosen.must_change)
    _told(chosen, [made])
    return 0


def list_accounts(chosen: argparse.Namespace) -> int:
    with _people(chosen) as (people, _):
        _told(chosen, people.accounts.all())
    return 0


def disable(chosen: argparse.Namespace) -> int:
    """``disable`` and ``enable``."""
    with _people(chosen) as (people, by):
        _told(chosen, [people.accounts.set_disabled(by, chosen.name, chosen.command.name == "disable")])
    return 0


def set_role(chosen: argparse.Namespace) -> int:
    from lineshaft.app.console.door import Role

    with _people(chosen) as (people, by):
        _told(chosen, [people.accounts.set_role(by, chosen.name, Role.named(chosen.role))])
    return 0


def set_password(chosen: argparse.Namespace) -> int:
    with _people(chosen) as (people, by):
        people.accounts.local(chosen.name)
        _told(chosen, [people.accounts.set_password(by, chosen.name, _password(), must_change=chosen.must_change)])
    return 0


def _password() -> str:
    """Asked twice at a terminal, else the first line of stdin; never an argument, which every process could read."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first, again = (getpass.getpass(question) for question in ("Password: ", "Once more: "))
    if first != again:
        raise UsageError("the two passwords differ", where="password", do="run it again")
    return first


def _told(chosen: argparse.Namespace, accounts: list[Account]) -> None:
    rows = [[one.name, one.role.word, "disabled" if one.disabled else "", "identity provider" if one.foreign else "",
             format_time(one.seen) if one.seen else "never"] for one in accounts]
    emit(chosen, [asdict(one) | {"role": one.role.word} for one in accounts],
         columns([["name", "role", "state", "logs in at", "last login"], *rows]))


def audit_arguments(parser: argparse.ArgumentParser) -> None:
    project_argument(parser)
    parser.add_argument("--limit", type=int, default=50, help="so many, the newest first")
    parser.add_argument("--person", default="", help="only what this person did")
    parser.add_argument("--find", default="", help="only lines with this in them")


def audit_list(chosen: argparse.Namespace) -> int:
    from lineshaft.app.console.security.audit import Filter

    with _people(chosen) as (people, _):
        lines = people.audit.lines(Filter(person=chosen.person, find=chosen.find), limit=max(chosen.limit, 1))
    rows = [[format_time(one.time), one.person, one.role, one.address, one.act, one.what,
             "" if one.outcome == "done" else one.outcome, "" if one.detail == "{}" else one.detail] for one in lines]
    emit(chosen, [asdict(one) for one in lines],
         columns([["time", "person", "role", "address", "act", "what", "outcome", "detail"], *rows]))
    return 0


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    project_argument(parser)
    parser.add_argument("--anchor", default="", metavar="DIGEST", help="noted earlier; must be in the log still")


def audit_verify(chosen: argparse.Namespace) -> int:
    """Exit code 1 where a line was changed or removed."""
    with _people(chosen) as (people, _):
        found = people.audit.verify(anchor=chosen.anchor)
    emit(chosen, asdict(found), [f"{found.why}: do not trust line {found.broken} and those after it" if found.why else
                                 f"all {found.lines:,} lines are as they were written",
                                 *([f"newest digest {found.head}"] if found.head else [])])
    return 1 if found.why else 0


COMMAND = Command("console", "the pages in the browser: see the plant, act on alarms, set up", verbs=(
    Command("serve", "serve the pages until stopped", SERVE, serve_arguments, serve),
    Command("user", "who may log in, and what they may do", verbs=(
        Command("add", "a new account; the password is asked for, or read from stdin", ADD, add_arguments, add),
        Command("list", "every account", "", project_argument, list_accounts),
        Command("role", "what a person may do; ends their sessions", "  lineshaft console user role ben --role viewer",
                role_arguments, set_role),
        Command("disable", "keep a person out; ends their sessions", "", name_arguments, disable),
        Command("enable", "let a person in again", "", name_arguments, disable),
        Command("password", "set a password, asked for or from stdin; ends the person's sessions", "",
                password_arguments, set_password))),
    Command("audit", "who did what in the console", verbs=(
        Command("list", "the newest acts", "  lineshaft console audit list --person anna", audit_arguments, audit_list),
        Command("verify", "read every line again; tells whether one was changed or removed", VERIFY, verify_arguments,
                audit_verify)))))
