"""What each column is for: a tag, a state, a label, another tag's quality, a row number, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lineshaft.connect.files.numeric import status_of
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording
from lineshaft.core.listed import some

_LABEL_WORDS = {
    "anomaly",
    "anomalies",
    "anomalous",
    "outlier",
    "outliers",
    "label",
    "labels",
    "fault",
    "faulty",
    "faults",
    "failure",
    "failures",
    "changepoint",
    "attack",
    "abnormal",
    "defect",
    "faultnumber",
    "isanomaly",
    "broken",
    "anomalie",
    "fehler",
    "异常",
    "故障",
    "标签",
}
_LABEL_NAMES = {
    "class",
    "target",
    "rul",
    "ground_truth",
    "groundtruth",
    "gt",
    "y",
    "y_true",
    "is_fault",
    "normal/attack",
    "machine_status",
}
_QUALITY_TAIL = re.compile(
    r"(?P<tag>.+?)[ _.\-:(\[]*(?:quality|qual|q|status|statuscode|status code|st|valid|质量)[)\]]*",
    re.IGNORECASE,
)
_QUALITY_ONLY = re.compile(r"quality|qual|status ?code|opc[ _]?quality|quality[ _]?code|质量", re.IGNORECASE)
_ROW_NUMBER = re.compile(
    r"(?:row|index|idx|no|nr|number|id|udi|uid|record|seq|sequence|#|unnamed: 0|column 1|sample|lfd\.?"
    r" ?nr|序号)[._ ]?"
    r"(?:no|nr|number|id|#)?\.?|__index_level_0__",
    re.IGNORECASE,
)
_ON = {
    "on",
    "true",
    "yes",
    "open",
    "opened",
    "run",
    "running",
    "start",
    "started",
    "active",
    "ein",
    "an",
    "auf",
    "wahr",
    "ja",
    "开",
    "运行",
    "t",
    "y",
    "high",
    "enabled",
    "1",
}
_OFF = {
    "off",
    "false",
    "no",
    "closed",
    "close",
    "stop",
    "stopped",
    "halt",
    "inactive",
    "aus",
    "zu",
    "falsch",
    "nein",
    "关",
    "停止",
    "f",
    "n",
    "low",
    "disabled",
    "0",
}
_MOST_STATES = 32
_MOST_CLASSES = 50


class Role(StrEnum):
    """What a column is used as."""

    VALUE = "value"
    STATE = "state"
    LABEL = "label"
    QUALITY = "quality"
    ROW_NUMBER = "row number"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Use:
    """A column's role. ``numbers`` stand for a state's words; ``of`` is the tag that a quality belongs to."""

    column: Column
    role: Role
    numbers: dict[str, float]
    of: str = ""


def settle(runs: Sequence[Recording], options: ReadOptions) -> tuple[list[Use], list[str]]:
    """The use of every column over all runs, in their order, and what was decided."""
    names = list(dict.fromkeys(name for run in runs for name in run.names))
    uses = []
    for place, name in enumerate(names):
        columns = [run.column(name) for run in runs if name in run.names]
        uses.append(_use(columns, place, names, options))
    return uses, _said(uses)


def _use(columns: list[Column], place: int, names: Sequence[str], options: ReadOptions) -> Use:
    first = columns[0]
    counts = _word_counts(columns)
    numbers = sum(column.cells.numbers for column in columns)
    states = [word for word in counts if status_of(word) is None]
    worded = sum(counts[word] for word in states)
    asked = {first.name, first.header}
    wanted = bool(asked & {*options.inputs, *options.tags})
    coded = _state_numbers(states)
    if not wanted and (first.label or asked & set(options.labels) or _is_label(first.name, columns, states)):
        return Use(first, Role.LABEL, coded)
    tail = _QUALITY_TAIL.fullmatch(first.name)
    if tail and (of := _tag_of(tail["tag"], names)):
        return Use(first, Role.QUALITY, {}, of)
    if _QUALITY_ONLY.fullmatch(first.name) and place > 0 and len(names) == 2:
        return Use(first, Role.QUALITY, {}, names[0])
    if not numbers and not worded:
        return Use(first, Role.EMPTY, {})
    if numbers >= worded:
        row_number = not wanted and not worded and _ROW_NUMBER.fullmatch(first.name) and _counts_rows(columns)
        return Use(first, Role.ROW_NUMBER if row_number else Role.VALUE, {})
    free = any(column.cells.free for column in columns) or not 1 < len(states) <= _MOST_STATES
    return Use(first, Role.TEXT if free else Role.STATE, {} if free else coded)


def _tag_of(name: str, names: Sequence[str]) -> str:
    """The tag that ``FT1_Quality`` or ``FT1.Status`` speaks of: ``FT1``, or the one ``FT1.<anything>``."""
    low = name.strip().lower()
    exact = next((other for other in names if other.lower() == low), "")
    below = [
        other
        for other in names
        if re.fullmatch(rf"{re.escape(low)}[._](?:pv|value|val|v|wert|out|mv|sp|act)", other.lower())
    ]
    return exact or (below[0] if len(below) == 1 else "")


def _word_counts(columns: Sequence[Column]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for column in columns:
        cells = column.cells
        if cells.codes is not None:
            for code, count in enumerate(
                np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.words)).tolist()
            ):
                if count:
                    counts[cells.words[code]] += count
    return counts


def _is_label(name: str, columns: Sequence[Column], states: Sequence[str]) -> bool:
    """By its name, and only where it holds classes: 'Fault current' in amperes is a measurement."""
    parts = set(re.split(r"[^a-z0-9äöü\u4e00-\u9fff]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))
    exact = name.strip().lower().replace(" ", "_") in _LABEL_NAMES
    if not exact and not parts & _LABEL_WORDS:
        return False
    values = np.unique(
        np.concatenate([column.cells.values[np.isfinite(column.cells.values)] for column in columns])
    )
    few = len(values) <= _MOST_CLASSES or name.strip().lower() == "rul"
    return few and bool((values == np.round(values)).all()) and len(states) <= _MOST_STATES


def _counts_rows(columns: Sequence[Column]) -> bool:
    return all(len(column) >= 3 and bool((np.diff(column.cells.values) == 1).all()) for column in columns)


def _state_numbers(states: Sequence[str]) -> dict[str, float]:
    """On and off as 1 and 0; other states by the order of the alphabet, so that every file agrees.

    >>> _state_numbers(["ON", "OFF"]), _state_numbers(["idle", "filling", "drain"])
    ({'ON': 1.0, 'OFF': 0.0}, {'drain': 0.0, 'filling': 1.0, 'idle': 2.0})
    """
    low = {state: state.strip().lower() for state in states}
    if set(low.values()) <= _ON | _OFF:
        return {state: float(low[state] in _ON) for state in states}
    normal = [state for state in states if low[state] in ("normal", "ok", "healthy", "good", "正常", "none")]
    order = normal + sorted(set(states) - set(normal)) if len(normal) == 1 else sorted(states)
    return {state: float(number) for number, state in enumerate(order)}


def _said(uses: Sequence[Use]) -> list[str]:
    said = []
    for role, text in (
        (Role.LABEL, "Labels, offered as such and never used as inputs: {}."),
        (Role.ROW_NUMBER, "Left out, as it only counts the rows: {}."),
        (Role.TEXT, "Left out, as free or constant text: {}."),
        (Role.EMPTY, "Left out, as there is not one number: {}."),
    ):
        names = [use.column.name for use in uses if use.role is role]
        if names:
            said.append(text.format(_listed(names)))
    said += [
        f"Column {use.column.name!r} is the quality of {use.of!r}." for use in uses if use.role is Role.QUALITY
    ]
    for use in uses:
        if use.role is Role.STATE or (use.role is Role.LABEL and use.numbers):
            said.append(f"Column {use.column.name!r} holds states, coded {_coded(use.numbers)}.")
    return said


def _coded(numbers: dict[str, float]) -> str:
    return ", ".join(
        f"{word!r} = {number:.0f}" for word, number in sorted(numbers.items(), key=lambda item: item[1])[:8]
    )


def _listed(names: Sequence[str]) -> str:
    return some([repr(name) for name in names])
