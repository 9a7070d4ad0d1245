"""Cells as numbers: decimal and thousands marks, and the words that stand where a number should."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import quality

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

_POINT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMA = re.compile(r"[-+]?(?:\d+,?\d*|,\d+)(?:[eE][-+]?\d+)?")
_GROUPS = re.compile(
    r"[-+]?\d{1,3}(?:(?P<mark>[.,' \u00a0\u202f\u2019])\d{3})(?:(?P=mark)\d{3})*(?P<rest>[.,]\d+)?"
)
_WITH_UNIT = re.compile(
    r"(?P<number>[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?)\s*(?P<unit>%|[^\d\s.,:;+\-/][^\d\s]{0,6})"
)
_BLANK = re.compile(r"[\s\u00a0\u202f]+")
_MOST_WORDS = 50_000
_INFINITE = (float("inf"), float("-inf"))

_STATUS: tuple[tuple[str, int], ...] = (
    (
        (
            r"i/?o ?timeout|time ?out|comm\w* ?(?:fail|err|loss|lost).*|no comm.*|offline|intf shut|device"
            r" unreachable"
        ),
        quality.BAD_NO_COMMUNICATION,
    ),
    (r"not connect\w*|disconnect\w*|scan off|disabled", quality.BAD_NOT_CONNECTED),
    (
        r"out of range|over ?range|under ?range|overflow|underflow|[-+]?inf(?:inity)?|#num!|#div/0!|1\.#inf|#+"
        r"|out of serv\w*",
        quality.BAD_OUT_OF_RANGE,
    ),
    (
        r"sensor (?:fail|fault|err).*|broken|open (?:circuit|wire)|wire break|fühlerbruch|drahtbruch",
        quality.BAD_SENSOR_FAILURE,
    ),
    (r"device (?:fail|fault|err).*|hardware .*|equip fail", quality.BAD_DEVICE_FAILURE),
    (r"pt created|waiting.*|init\w*", quality.BAD_WAITING_FOR_INITIAL_DATA),
    (
        r"-+|—|\u2013|\.+|\?+|\*+|nan|[-+]?nan\(.*\)|na|n/a|n\.a\.|#n/?a|<na>|nat|null|\(null\)|\\n|none|nil|no"
        r" ?data"
        r"|missing|empty|blank|keine daten|k\.a\.|无数据|#value!|#ref!|#name\?|archive offline|no result|no"
        r" sample"
        r"|no good data.*|undefined|1\.#qnan|1\.#ind|-1\.#ind",
        quality.BAD_NO_DATA,
    ),
    (
        r"bad.*|err(?:or)?|fail\w*|invalid|calc failed|calc"
        r" off|questionable|schlecht|fehler|ungültig|坏|\[-?\d+\].*"
        r"|configure|shutdown|not available|unknown",
        quality.BAD,
    ),
    (r"uncertain", quality.UNCERTAIN),
)
_STATUS_RULES = tuple((re.compile(rule, re.IGNORECASE), code) for rule, code in _STATUS)


def status_of(word: str) -> int | None:
    """The StatusCode of a word that says why there is no number; None for any other word.

    >>> [quality.name(status_of(w) or 0) for w in ("I/O Timeout", "---", "Bad Input", "Over Range")]
    ['BadNoCommunication', 'BadNoData', 'Bad', 'BadOutOfRange']
    >>> status_of("Running") is None
    True
    """
    bare = _BLANK.sub(" ", word).strip().strip("\"'")
    return next((code for rule, code in _STATUS_RULES if rule.fullmatch(bare)), None)


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes numbers. ``comma``: with a decimal comma, so that a lone point groups thousands;
    ``unsure``: no fraction was seen yet, so that a comma that comes later is a decimal one."""

    comma: bool = False
    unsure: bool = False

    def number(self, cell: str) -> float | None:
        """One cell, by this style first, by the other where only that one fits.

        >>> [Style(comma=True).number(c) for c in ("1,5", "1.234,5", "1.234", "2.5", "1 234,5", "x")]
        [1.5, 1234.5, 1234.0, 2.5, 1234.5, None]
        >>> [Style().number(c) for c in ("1,234.5", "1,234", "12,5", "5 %", "-3.")]
        [1234.5, 1234.0, 12.5, 5.0, -3.0]
        """
        text = _BLANK.sub(" ", cell).strip().strip('"').replace("\u2212", "-")
        own, other = (_COMMA, _POINT) if self.comma else (_POINT, _COMMA)
        if own.fullmatch(text) or (self.unsure and other.fullmatch(text)):
            return float(text.replace(",", "."))
        grouped = _GROUPS.fullmatch(text)
        if grouped and (grouped["rest"] is None or grouped["rest"][0] != grouped["mark"]):
            return float(text.replace(grouped["mark"], "").replace(",", "."))
        if other.fullmatch(text):
            return float(text.replace(",", "."))
        united = _WITH_UNIT.fullmatch(text)
        return self.number(united["number"]) if united and _is_unit(united["unit"]) else None

    def is_foreign(self, cell: str) -> bool:
        """Whether a number was only read by the other style.

        >>> Style(comma=True).is_foreign("2.5"), Style(comma=True).is_foreign("2.500")
        (True, False)
        """
        other = _POINT if self.comma else _COMMA
        return (
            ("." if self.comma else ",") in cell and bool(other.fullmatch(cell)) and not _GROUPS.fullmatch(cell)
        )


def _is_unit(text: str) -> bool:
    from lineshaft.connect.files.units import ucum

    return bool(ucum(text))


def style_of(cells: Iterable[str], delimiter: str) -> tuple[Style, str]:
    """The style that a sample of a file's cells shows, and the sentence that says why."""
    commas = points = proofs = groups = 0
    for cell in cells:
        text = _BLANK.sub(" ", cell).strip()
        grouped = _GROUPS.fullmatch(text)
        if grouped and grouped["mark"] == "." and (grouped["rest"] or "").startswith(","):
            proofs += 1
        elif grouped and grouped["mark"] == "," and (grouped["rest"] or text.count(",") > 1):
            points += 1
        elif grouped and grouped["mark"] == "," and not re.match(r"[-+]?0", text):
            groups += 1
        elif _COMMA.fullmatch(text) and "," in text:
            commas += 1
        elif _POINT.fullmatch(text) and "." in text:
            points += 1
    comma = commas + proofs > points or (groups > 0 and not points and delimiter != ",")
    unsure = delimiter != "," and not commas + points + proofs + groups
    return Style(comma, unsure), "Numbers are written with a decimal comma." if comma else ""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One column as read. ``values`` [N], NaN where there was no number; ``codes`` [N] points into ``words``
    where a word stood (else -1), None where none did. Finite value and word exclude each other.
    """

    values: Floats
    codes: Codes | None = None
    words: tuple[str, ...] = ()
    free: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Cells:
        """The same column at other rows."""
        return Cells(self.values[rows], None if self.codes is None else self.codes[rows], self.words, self.free)

    @property
    def worded(self) -> int:
        """How many cells hold a word."""
        return 0 if self.codes is None else int((self.codes >= 0).sum())

    @property
    def numbers(self) -> int:
        """How many cells hold a number."""
        return int(np.isfinite(self.values).sum())

    @property
    def used_words(self) -> tuple[str, ...]:
        """The words that occur, in order of first sight."""
        if self.codes is None:
            return ()
        return tuple(self.words[code] for code in np.unique(self.codes[self.codes >= 0]).tolist())


def joined(parts: Sequence[Cells]) -> Cells:
    """Columns one below the other, their words numbered anew."""
    if len(parts) == 1:
        return parts[0]
    place: dict[str, int] = {}
    codes = [_renumbered(part, place) for part in parts]
    return Cells(
        np.concatenate([part.values for part in parts]),
        np.concatenate(codes) if place else None,
        tuple(place),
        any(part.free for part in parts),
    )


def _renumbered(part: Cells, place: dict[str, int]) -> Codes:
    if part.codes is None:
        return np.full(len(part), -1, np.int32)
    table = np.array([place.setdefault(word, len(place)) for word in part.words] + [-1], np.int32)
    return table[part.codes]


@dataclass(slots=True)
class NumberReader:
    """Reads a column in chunks; all-number chunks take the fast way, the rest is looked at cell by cell."""

    style: Style
    chunks: list[Floats] = field(default_factory=list)
    codes: list[Codes | None] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[float, int]] = field(default_factory=dict)
    free: bool = False
    foreign: str = ""

    def feed(self, cells: Sequence[str]) -> None:
        """Take the next cells."""
        try:
            values = self._fast(cells)
        except ValueError:
            values = None
        if values is None or not np.isfinite(values).all():
            self._slow(cells)
        else:
            self.chunks.append(values)
            self.codes.append(None)

    def feed_array(self, values: Floats) -> None:
        """Take numbers that need no reading; what is not finite is missing."""
        self.chunks.append(np.where(np.isfinite(values), values, np.nan))
        self.codes.append(None)

    def _fast(self, cells: Sequence[str]) -> Floats | None:
        text = "".join(cells)
        if "_" in text or (self.style.comma and "." in text):
            return None
        plain: Iterable[str] = (
            [c.replace(",", ".") for c in cells] if self.style.comma and "," in text else cells
        )
        return np.fromiter(map(float, plain), np.float64, len(cells))

    def _slow(self, cells: Sequence[str]) -> None:
        """Cell by cell: plain numbers at once, whatever else is learnt once and then remembered."""
        values = np.full(len(cells), np.nan)
        codes: Codes | None = None
        seen, comma = self.seen, self.style.comma
        careful = "_" in "".join(cells)
        for place, cell in enumerate(cells):
            known = seen.get(cell)
            if known is None:
                try:
                    if careful or (comma and "." in cell):
                        raise ValueError
                    known = float(cell.replace(",", ".") if comma else cell), -1
                except ValueError:
                    known = self._learn(cell)
                if known[0] in _INFINITE:
                    known = self._learn(cell)
            values[place] = known[0]
            if known[1] >= 0:
                codes = np.full(len(cells), -1, np.int32) if codes is None else codes
                codes[place] = known[1]
        self.chunks.append(values)
        self.codes.append(codes)

    def _learn(self, cell: str) -> tuple[float, int]:
        if len(self.seen) > 4 * _MOST_WORDS:
            self.seen.clear()
        text = cell.strip()
        value = None if "_" in text else self.style.number(text)
        result = (np.nan, -1) if not text else (value, -1) if value is not None and np.isfinite(value) else None
        if result is None:
            result = (np.nan, self._code(text))
        elif not self.foreign and self.style.is_foreign(text):
            self.foreign = text
        self.seen[cell] = result
        return result

    def _code(self, word: str) -> int:
        if word not in self.words and len(self.words) >= _MOST_WORDS:
            self.free = True
            word = "..."
        return self.words.setdefault(word, len(self.words))

    def finish(self) -> Cells:
        """The whole column; the reader is empty afterwards."""
        values = np.concatenate(self.chunks) if self.chunks else np.empty(0)
        codes = None
        if self.words:
            codes = np.concatenate(
                [
                    np.full(len(chunk), -1, np.int32) if code is None else code
                    for chunk, code in zip(self.chunks, self.codes, strict=True)
                ]
            )
        self.chunks, self.codes, self.seen = [], [], {}
        return Cells(values, codes, tuple(self.words), self.free)
