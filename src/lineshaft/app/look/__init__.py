"""What the report and the console share: colours, small components, and words in both languages."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from lineshaft.core.errors import UsageError

LANGUAGES = ("en", "zh")
_HERE = resources.files("lineshaft.app.look")


def style() -> str:
    """The tokens of both themes, then the components that read them."""
    return "\n".join((_HERE / file).read_text("utf-8") for file in ("tokens.css", "parts.css"))


@cache
def words(lang: str) -> dict[str, dict[str, str]]:
    """The shared words of a language by section and key."""
    if lang not in LANGUAGES:
        raise UsageError(f"no words in {lang!r}", do=f"choose one of {', '.join(LANGUAGES)}")
    return _table(f"locale/{lang}.toml") | {"ucum": units()}


@cache
def findings(lang: str) -> dict[str, str]:
    """Sentences of the quality check by kind of finding; empty for English, which the check itself speaks."""
    return _table("locale/finding/zh.toml") if lang == "zh" else {}


@cache
def units() -> dict[str, str]:
    """UCUM codes that people write otherwise, the same in every language."""
    return _table("units.toml")


def shown_unit(unit: str) -> str:
    """A UCUM code as people write it.

    >>> shown_unit("Cel"), shown_unit("m3/h"), shown_unit("bar"), shown_unit("1")
    ('°C', 'm³/h', 'bar', '')
    """
    return units().get(unit, unit.replace("m3", "m³").replace("m2", "m²"))


def _table(file: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / file).read_text("utf-8"))
