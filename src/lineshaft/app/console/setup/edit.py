"""Changes to lineshaft.toml as a person would make them: few lines, every comment kept.

A key that stands commented out as an example is switched on where it stands; one that is removed is commented out
where it carries a remark. No TOML library does that, and ``tomllib`` checks each result: it says exactly what was
wanted, or nothing is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lineshaft.app.console.setup import values
from lineshaft.app.console.setup.statements import Path, Statement, belongs_above, comments_in, scan
from lineshaft.core.errors import UsageError

WIDTH = 110


@dataclass(frozen=True, slots=True)
class Change:
    """One key's new value; None removes it, with everything below it."""

    path: Path
    value: Any


def edited(text: str, changes: Sequence[Change]) -> str:
    """The text after all changes; what is so already stays as it is written."""
    wanted = tomllib.loads(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    for change in _leaves(changes):
        if _at(wanted, change.path) == change.value and type(_at(wanted, change.path)) is type(change.value):
            continue
        _put(wanted, change)
        text = _Text(text, newline).after(change)
        if change.value is None and _last_of_its_own(change.path[:-1], wanted, _loaded(text)):
            text = _Text(text, newline).after(Change(change.path[:-1], {}))
    if _filled(_loaded(text)) != _filled(wanted):
        names = ", ".join(dict.fromkeys(".".join(change.path) for change in changes))
        raise UsageError("the file is written in a way that cannot be changed from here", where=names,
                         do="change it with an editor")
    return text


def _last_of_its_own(table: Path, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a table went with its last key and left none beside it, as a task would that is written with dots."""
    return len(table) > 1 and _at(wanted, table) == {} and _at(found, table) is None and not _at(found, table[:-1])


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any], at: Path = ()) -> list[Change]:
    """What leads from one content to another."""
    gone = [Change((*at, key), None) for key in old if key not in new]
    found: list[Change] = []
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            found += changes_between(before, value, (*at, key))
        elif value != before or type(value) is not type(before):
            found.append(Change((*at, key), value))
    return [*gone, *found]


def _leaves(changes: Sequence[Change]) -> list[Change]:
    """Tables as their keys, so that each key finds its own place."""
    found: list[Change] = []
    for change in changes:
        if isinstance(change.value, Mapping) and change.value:
            found += _leaves([Change((*change.path, key), part) for key, part in change.value.items()])
        else:
            found.append(change)
    return found


class _Text:
    """One text and one change of it."""

    def __init__(self, text: str, newline: str) -> None:
        if text and not text.endswith("\n"):
            text += newline
        self._newline = newline
        self._all = scan(text)

    def after(self, change: Change) -> str:
        path, parts = change.path, [one.text for one in self._all]
        if change.value is None:
            return self._without(path)
        for ways in (self._replaced, self._inside, self._switched_on, self._appended):
            made = ways(path, change.value)
            if made is not None:
                at, new, instead = made
                parts[at:at + instead] = [new]
                return "".join(parts)
        return self._new_table(change)

    # -- each gives (statement, new text, how many statements it replaces), None where it does not apply

    def _replaced(self, path: Path, value: Any) -> tuple[int, str, int] | None:
        at = next((i for i, one in enumerate(self._all) if one.kind == "pair" and one.live and one.path == path), None)
        return None if at is None else (at, self._with(self._all[at], value), 1)

    def _inside(self, path: Path, value: Any) -> tuple[int, str, int] | None:
        """Within a table that is written in braces."""
        for at, one in enumerate(self._all):
            if one.kind == "pair" and one.live and path[:len(one.path)] == one.path:
                table = _held(one)
                if isinstance(table, dict):
                    _put(table, Change(path[len(one.path):], value))
                    return at, self._with(one, table), 1
        return None

    def _switched_on(self, path: Path, value: Any) -> tuple[int, str, int] | None:
        """Where it stands as an example already, in a table that is there."""
        for at, one in enumerate(self._all):
            if one.kind == "pair" and one.ghost and one.path == path and self._table_at(at) == one.table:
                body = re.sub(r"^(\s*)#+ ?", r"\1", one.text, count=1)
                return at, self._with(scan(_headed(one.table) + body)[-1], value, column=_column(one.text)), 1
        return None

    def _appended(self, path: Path, value: Any) -> tuple[int, str, int] | None:
        """Behind the last key of its table, or of those that are written with dots."""
        table = path[:-1]
        beside = [i for i, one in enumerate(self._all) if one.kind == "pair" and one.live and one.table == table]
        header = [i for i, one in enumerate(self._all) if one.kind == "header" and one.live and one.path == table]
        dotted = [i for i, one in enumerate(self._all) if one.kind == "pair" and one.live and one.path[:-1] == table]
        if not (place := beside or header or dotted) and (table or not self._all):
            return None
        at = place[-1] + 1 if place else 0
        own = self._all[at - 1].table if place else ()
        while at < len(self._all) and place and belongs_above(self._all[at]):
            at += 1
        name = ".".join(values.key(part) for part in path[len(own):])
        return at, f"{name} = {values.laid_out(value, WIDTH - len(name) - 3, self._newline)}{self._newline}", 0

    def _new_table(self, change: Change) -> str:
        """A table of its own: switched on where it stands as an example, else behind its nearest relatives."""
        empty = change.value == {}
        table = change.path if empty else change.path[:-1]
        parts = [one.text for one in self._all]
        for at, one in enumerate(self._all):
            if one.kind == "header" and one.ghost and one.path == table and self._ends_table(at):
                parts[at] = _uncommented(one.text)
                text = "".join(parts)
                return text if empty else _Text(text, self._newline).after(change)
        at = self._behind(table)
        lines = [f"[{'.'.join(map(values.key, table))}]"]
        if not empty:
            name = values.key(change.path[-1])
            lines.append(f"{name} = {values.laid_out(change.value, WIDTH - len(name) - 3, self._newline)}")
        before = self._newline if at and self._all[at - 1].kind != "blank" else ""
        after = self._newline if at < len(self._all) and self._all[at].kind != "blank" else ""
        parts.insert(at, before + "".join(line + self._newline for line in lines) + after)
        return "".join(parts)

    def _behind(self, table: Path) -> int:
        """Where a new table goes: after those that share most of its name, before what leads to the next one."""
        def shared(one: Statement) -> int:
            return next((i for i, (a, b) in enumerate(zip(one.table, table, strict=False)) if a != b),
                        min(len(one.table), len(table)))
        headers = [i for i, one in enumerate(self._all) if one.kind == "header" and one.live]
        best = max((shared(self._all[i]) for i in headers), default=0)
        if not best:
            return len(self._all)
        last = max(i for i in headers if shared(self._all[i]) == best)
        following = next((i for i in headers if i > last), None)
        if following is None:
            return self._before_remarks(len(self._all), last, at_end=True)
        return self._before_remarks(following, last, at_end=False)

    def _before_remarks(self, at: int, least: int, *, at_end: bool) -> int:
        if not at_end:
            lead = at
            while lead - 1 > least and self._all[lead - 1].kind == "comment":
                lead -= 1
            at = lead if self._all[lead - 1].kind == "blank" else at
        while at - 1 > least and self._all[at - 1].kind == "blank":
            at -= 1
        return at

    def _table_at(self, at: int) -> Path:
        return next((one.path for one in reversed(self._all[:at]) if one.kind == "header" and one.live), ())

    def _ends_table(self, at: int) -> bool:
        """Whether no key stands between here and the next table."""
        for one in self._all[at + 1:]:
            if one.live:
                return one.kind == "header"
        return True

    def _with(self, one: Statement, value: Any, column: int = 0) -> str:
        """A pair with another value; its remark stays in its column, those inside the old value go above it."""
        start, end = one.value
        head, old, tail = one.text[:start], one.text[start:end], one.text[end:]
        inner = comments_in(old)
        made = values.relined(old, value) if "\n" in old and isinstance(value, list) else None
        above = "" if made or not inner else "".join(f"{token[0].rstrip()}{self._newline}" for token in inner)
        new = made or values.laid_out(value, WIDTH - len(head), self._newline)
        if tail.strip() and "\n" not in old + new:
            gap = len(tail) - len(tail.lstrip(" \t"))
            column = column or len(head) + len(old) + gap
            tail = " " * max(column - len(head) - len(new), min(gap, 2)) + tail.lstrip(" \t")
        return above + head + new + tail

    def _without(self, path: Path) -> str:
        parts: list[str] = []
        for one in self._all:
            held = _held(one) if one.kind == "pair" and one.live else None
            if one.live and one.path[:len(path)] == path:
                parts.append(_commented(one.text) if one.comments else "")
            elif isinstance(held, dict) and path[:len(one.path)] == one.path:
                _put(held, Change(path[len(one.path):], None))
                parts.append(self._with(one, held))
            else:
                parts.append(one.text)
        return re.sub(r"(\r?\n)(?:[ \t]*\r?\n){2,}$", r"\1", "".join(parts))


def _headed(table: Path) -> str:
    return f"[{'.'.join(map(values.key, table))}]\n" if table else ""


def _held(one: Statement) -> Any:
    return _loaded(f"x = {one.text[one.value[0]:one.value[1]]}").get("x")


def _column(text: str) -> int:
    """Where the remark of a commented pair stands in its file; 0 where it stands in no column."""
    body = text.lstrip("# \t")
    remarks = comments_in(body)
    if not remarks or not _aligned(body[:remarks[0].start()]):
        return 0
    return len(text) - len(body) + remarks[0].start()


def _uncommented(text: str) -> str:
    """
    >>> _uncommented("# [plant.options]     # of the connector"), _uncommented("# [plant.options] # of it")
    ('[plant.options]       # of the connector', '[plant.options] # of it')
    """
    body = re.sub(r"^\s*#+ ?", "", text, count=1)
    remarks = comments_in(body)
    if not remarks or not _aligned(body[:remarks[0].start()]):
        return body
    return body[:remarks[0].start()] + " " * (len(text) - len(body)) + body[remarks[0].start():]


def _commented(text: str) -> str:
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    remarks = comments_in(text) if len(lines) == 1 else []
    if remarks and _aligned(text[:remarks[0].start()]):
        at = remarks[0].start()
        return f"# {text[:at - 2]}{text[at:]}"
    return "".join(f"# {line}" if line.strip() else line for line in lines)


def _aligned(code: str) -> bool:
    """Whether the remark behind stands in a column of its own, and not just behind."""
    return code.endswith("    ")


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _put(data: dict[str, Any], change: Change) -> None:
    *above, last = change.path
    for part in above:
        if not isinstance(data.get(part), dict):
            if change.value is None:
                return
            data[part] = {}
        data = data[part]
    if change.value is None:
        data.pop(last, None)
    else:
        data[last] = deepcopy(change.value)


def _filled(data: Any) -> Any:
    """Without tables that hold nothing: whether such a one is there says nothing."""
    if not isinstance(data, dict):
        return data
    kept = {key: _filled(part) for key, part in data.items()}
    return {key: part for key, part in kept.items() if part != {}}


def _loaded(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}
