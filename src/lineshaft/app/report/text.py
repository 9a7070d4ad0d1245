"""Words in the reader's language: string tables in ``locale/<lang>.toml``, numbers and times as text."""

from __future__ import annotations

import math
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from lineshaft.app.look import LANGUAGES, findings, shown_unit, words
from lineshaft.app.report.markup import Child, Markup, escape, join
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.dataset.quality import Finding, sentence

NBSP = "\N{NO-BREAK SPACE}"
__all__ = ["LANGUAGES", "NBSP", "Text", "moment", "number", "percent", "shown_unit", "table"]


@cache
def table(lang: str) -> dict[str, Any]:
    """The string table of a language, together with what is shared with the console."""
    shared = words(lang)
    own = tomllib.loads((resources.files("lineshaft.app.report") / "locale" / f"{lang}.toml").read_text("utf-8"))
    sentences = {"finding": findings(lang)} if findings(lang) else {}
    return {section: shared.get(section, {}) | own.get(section, {}) for section in [*shared, *own]} | sentences


class Text:
    """Looks up ``section.key`` and fills it in; a missing key is a bug and raises."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._table = table(lang)

    def __call__(self, key: str, /, **values: object) -> str:
        section, _, entry = key.partition(".")
        found: str = self._table[section][entry]
        return found.format(**values) if values else found

    def html(self, key: str, /, **values: Child) -> Markup:
        """The entry as markup, its values escaped unless they are markup already."""
        return Markup(escape(self(key)).format(**{name: join(value) for name, value in values.items()}))

    def count(self, key: str, number: int, /, **values: object) -> str:
        """``key_one`` or ``key_many`` by ``number``, which fills ``{n}``."""
        return self(f"{key}_one" if number == 1 else f"{key}_many", n=f"{number:,}", **values)

    def known(self, key: str, /) -> str | None:
        """The entry where there is one."""
        section, _, entry = key.partition(".")
        found: str | None = self._table[section].get(entry)
        return found

    def finding(self, found: Finding, unit: str) -> str:
        """A quality finding without the name of its tag (the report shows that beside it)."""
        if self.lang == "en":
            told = sentence(found, shown_unit(unit))
            return told.removeprefix(f"{found.tag}: ") if found.tag else told
        values = {name: number(value) for name, value in found.figures.items()}
        values |= {name.removesuffix("_ns"): self.duration(value) for name, value in found.figures.items()
                   if name.endswith("_ns")}
        values = {"low": "...", "high": "...", **values}
        return self(f"finding.{found.kind.value}", count=f"{found.count:,}", share=percent(found.share),
                    unit=f" {shown_unit(unit)}" if shown_unit(unit) else "", **values)

    def duration(self, nanoseconds: float) -> str:
        """A length of time as a person says it."""
        value, _, unit = format_duration(nanoseconds).partition(" ")
        return f"{value}{NBSP}{self._table['unit'].get(unit, unit)}"

    def listed(self, items: list[Markup]) -> Markup:
        """``a, b and c``."""
        if len(items) < 2:
            return join(items)
        return Markup(self("list.comma").join(items[:-1]) + self("list.last") + items[-1])


def number(value: float, digits: int = 4) -> str:
    """Few significant digits, no exponent where it can be avoided.

    >>> [number(x) for x in (0.0, 1234567.0, 12.3456, -0.00012, 1e12, float("nan"))]
    ['0', '1,234,567', '12.35', '-0.00012', '1e+12', '-']
    """
    if not math.isfinite(value):
        return "-"
    if 1e4 <= abs(value) < 1e10:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def percent(share: float) -> str:
    """A fraction in percent.

    >>> [percent(share).replace(NBSP, " ") for share in (0.5, 0.0123, 0.000002, 0.9996, 0.999999, 1.0)]
    ['50 %', '1.2 %', '< 0.01 %', '99.96 %', '> 99.99 %', '100 %']
    """
    if not math.isfinite(share):
        return "-"
    if 0 < share < 0.0001:
        figure = "< 0.01"
    elif 0.995 <= share < 1:  # "100 %" is kept for all of them
        figure = f"{100 * share:.2f}" if share < 0.9999 else "> 99.99"
    else:
        figure = f"{100 * share:.2g}" if share < 0.0995 else f"{100 * share:.0f}"
    return f"{figure}{NBSP}%"


def moment(nanoseconds: int) -> str:
    """Date and time of day in UTC, to the second.

    >>> moment(1_700_000_000_000_000_000)
    '2023-11-14 22:13:20'
    """
    try:
        return f"{datetime.fromtimestamp(nanoseconds // SECOND, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):  # beyond the years a calendar here can name
        return f"{nanoseconds / SECOND:.0f} s"
