"""Both languages are complete, and every word on the screen comes from them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from tests.console.scripts import HOLE, Call, scripts

from lineshaft.app.console.pages import LOCALE, languages, words

PLACEHOLDER = re.compile(r"\{(\w+)\}")
LETTER = re.compile(r"[^\W\d_]")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "label")
NAMES = re.compile(r"[A-Z0-9 ./+-]*")
"""Of formats and protocols: CSV is CSV in every language."""
ENGLISH, OTHERS = words("en"), [lang for lang in languages() if lang != "en"]


def looks_up() -> Iterator[Call]:
    for script in scripts():
        for name in ("t", "known"):
            yield from script.calls(name)


def pattern(text: str) -> re.Pattern[str]:
    """What a key with holes may become."""
    return re.compile(".+".join(re.escape(part) for part in text.split(HOLE)))


def is_key(text: str) -> bool:
    """Whether a string among a look-up's first argument is a key, and not what a condition compares with."""
    return re.fullmatch(r"[\w\x00-]+(\.[\w\x00-]+)+", text) is not None


@pytest.mark.parametrize("lang", OTHERS)
def test_every_language_has_the_same_files_and_keys(lang: str) -> None:
    assert {path.name for path in (LOCALE / lang).iterdir()} == {path.name for path in (LOCALE / "en").iterdir()}
    assert set(words(lang)) ^ set(ENGLISH) == set()


@pytest.mark.parametrize("lang", OTHERS)
def test_every_language_puts_the_same_values_in(lang: str) -> None:
    found = words(lang)
    differ = {key for key in ENGLISH
              if set(PLACEHOLDER.findall(ENGLISH[key])) != set(PLACEHOLDER.findall(found[key]))}
    assert differ == set()


@pytest.mark.parametrize("lang", languages())
def test_no_text_is_empty_or_no_text(lang: str) -> None:
    for path in (LOCALE / lang).glob("*.toml"):
        def texts(table: dict[str, object]) -> Iterator[object]:
            for value in table.values():
                yield from texts(value) if isinstance(value, dict) else [value]
        assert all(isinstance(text, str) and text.strip() == text != "" for text in
                   texts(tomllib.loads(path.read_text("utf-8")))), path


def test_chinese_is_chinese() -> None:
    """A text that is the same in both is a unit, a name or a sign."""
    same = {key: text for key, text in words("zh").items() if text == ENGLISH[key]}
    assert {key for key, text in same.items() if re.search(r"[a-z]{4,}", PLACEHOLDER.sub("", text))} == set()


def test_every_key_that_a_script_asks_for_exists() -> None:
    asked = [piece for call in looks_up() for piece in call.pieces(0) if is_key(piece.text)]
    assert [f"{piece.place} {piece.text.replace(HOLE, '${}')}" for piece in asked
            if not any(pattern(piece.text).fullmatch(key) for key in ENGLISH)] == []


def test_every_key_is_asked_for_somewhere() -> None:
    literal = {piece.text for script in scripts() for piece in script.pieces}
    holes = [pattern(text) for text in literal if HOLE in text and is_key(text) and LETTER.search(text)]
    assert {key for key in ENGLISH if key not in literal and not any(one.fullmatch(key) for one in holes)} == set()


def test_every_value_that_a_text_wants_is_given() -> None:
    wrong = []
    for call in looks_up():
        keys = [piece.text for piece in call.pieces(0) if piece.text in ENGLISH]
        wanted = {name for key in keys for name in PLACEHOLDER.findall(ENGLISH[key])}
        if not wanted - given(call):
            continue
        wrong.append(f"{call.place} {keys}: {sorted(wanted - given(call))}")
    assert wrong == []


def given(call: Call) -> set[str]:
    """Names in the object of the second argument; everything where it is no plain object."""
    if len(call.arguments) < 2:
        return set()
    text = call.text(1)
    if not text.startswith("{") or "..." in text:
        return set(PLACEHOLDER.findall("".join(ENGLISH.values())))
    start = call.script.text.index("{", call.arguments[1][0]) + 1
    parts = [call.script.text[first:last] for first, last in call.script.parts(start, call.arguments[1][1])]
    return {part.partition(":")[0].strip() for part in parts}


def test_no_text_stands_in_the_scripts_themselves() -> None:
    found = []
    for script in scripts():
        for piece in script.pieces:
            if piece.tag == "html":
                found += [f"{piece.place} {text}" for text in spoken(piece.text)]
    assert found == []


def spoken(template: str) -> list[str]:
    """What a reader would see or hear of a template's own text."""
    bare = re.sub(r"<!--.*?-->", "", template, flags=re.S)
    inside = re.split(r"<[^>]*>", bare)
    for tag in re.findall(r"<[^>]*>", bare):
        inside += [value for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag) if name in SPOKEN]
    return [text for text in (part.replace(HOLE, " ").strip() for part in inside)
            if LETTER.search(re.sub(r"&\w+;", "", text)) and not NAMES.fullmatch(text)]


def test_no_sentence_is_a_string_in_the_scripts() -> None:
    found = [f"{piece.place} {piece.text}" for script in scripts() for piece in script.pieces
             if not piece.tag and re.search(r"^[A-Z][a-z]+ [a-z]+ ?[a-z]*", piece.text)]
    assert found == []
