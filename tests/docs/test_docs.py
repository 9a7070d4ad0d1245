"""The documents agree with the program, with each other and with what was measured."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import lineshaft
from lineshaft.app.cli import _parser as parser_for

ROOT = Path(__file__).resolve().parents[2]
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
READMES = ("README.md", "README.zh-CN.md")
ONE_PAGE = 70
FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4,}(\S.*)$", re.MULTILINE)
INLINE = re.compile(r"`((?:python -m )?lineshaft [^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def block_lines(text: str) -> Iterator[str]:
    """Lines of fenced and indented blocks."""
    for block in FENCED.findall(text):
        yield from block.splitlines()
    yield from INDENTED.findall(FENCED.sub("", text))


def words_of(line: str) -> list[str] | None:
    """The words after ``lineshaft`` where the line is such a command."""
    found = re.match(r"\s*(?:\$ )?(?:python -m )?lineshaft (.*)", line)
    return shlex.split(found[1], comments=True) if found else None


COMMANDS = sorted({(path.name, line.strip()) for path in PAGES for line in block_lines(path.read_text("utf-8"))
                   if words_of(line) is not None})
MENTIONS = sorted({(path.name, line) for path in PAGES for line in INLINE.findall(path.read_text("utf-8"))})


@pytest.mark.parametrize(("where", "line"), COMMANDS)
def test_a_command_line_in_a_block_is_one_the_program_takes(where: str, line: str) -> None:
    words = words_of(line) or []
    try:
        parser_for(words).parse_args(words)
    except SystemExit as end:
        assert end.code == 0, f"{where}: {line}"


@pytest.mark.parametrize(("where", "line"), MENTIONS)
def test_a_command_named_in_a_sentence_exists(where: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = words_of(line) or []
    try:
        parser_for(words).parse_args(words)
    except SystemExit as end:
        said = capsys.readouterr().err
        assert end.code == 0 or "arguments are required" in said, f"{where}: {line}: {said}"


def test_the_documents_show_commands_at_all() -> None:
    assert len(COMMANDS) > 20
    assert len(MENTIONS) > 10


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    targets = [target.partition("#")[0] for target in LINK.findall(path.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if target and not (path.parent / target).exists()] == []


def test_every_decision_on_record_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in ADRS]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.name)
def test_a_decision_is_listed_by_its_title_and_fits_a_page(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    title = lines[0].removeprefix(f"# {path.name[:4]} ")
    assert title != lines[0], "the title is '# <number> <words>'"
    assert f"- [{path.name[:4]}]({path.name}) {title}" in page("docs/adr/README.md").splitlines()
    assert len(lines) <= ONE_PAGE


def test_both_readmes_have_the_same_sections_links_and_figures() -> None:
    english, chinese = (page(name) for name in READMES)

    def shape(text: str) -> list[str]:
        return re.findall(r"^(#+) ", text, re.MULTILINE)

    def links(text: str) -> list[str]:
        return [target for target in LINK.findall(text) if target not in READMES]

    def quoted(text: str) -> list[str]:
        return re.findall(r"<!-- [a-z_]+\.\S+ -->", text)

    assert shape(chinese) == shape(english)
    assert links(chinese) == links(english)
    assert quoted(chinese) == quoted(english)
    assert [line for line in block_lines(chinese) if words_of(line)] == [
        line for line in block_lines(english) if words_of(line)]


@pytest.mark.parametrize("name", READMES)
def test_figures_are_those_that_were_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "bench")
    readme = importlib.import_module("readme")
    measured = readme.quote(page(name), readme.figures(ROOT / "bench" / "results"))
    assert measured == page(name), "bring them up to date with `make bench`"


def test_a_quoted_figure_is_replaced_by_the_measured_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "bench")
    readme = importlib.import_module("readme")
    typed = "F1 <!-- skab.f1:.2f -->0.99<!-- / -->, FAR <!-- tep.far:.1% -->none<!-- / -->"
    assert readme.quote(typed, {"skab": {"f1": 0.829}}) == (
        "F1 <!-- skab.f1:.2f -->0.83<!-- / -->, FAR <!-- tep.far:.1% -->none<!-- / -->")


@pytest.mark.parametrize("name", READMES)
def test_every_benchmark_command_names_a_script_that_exists(name: str) -> None:
    scripts = re.findall(r"`python (bench/\w+\.py)", page(name))
    assert scripts
    assert [script for script in scripts if not (ROOT / script).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_the_python_that_is_shown_calls_what_the_package_offers(name: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)
    assert blocks
    calls = {node.attr for block in blocks for node in ast.walk(ast.parse(block))
             if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ls"}
    assert calls
    assert [call for call in sorted(calls) if not hasattr(lineshaft, call)] == []


def test_the_changelog_begins_with_this_version() -> None:
    assert re.findall(r"^## (\S+)", page("CHANGELOG.md"), re.MULTILINE)[0] == lineshaft.__version__
