"""Changes to lineshaft.toml: what a person would have written, and every comment kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lineshaft.app.config import FILE, check
from lineshaft.app.console.setup.edit import Change, changes_between, edited
from lineshaft.app.console.setup.values import key, value
from lineshaft.app.template import template
from lineshaft.core.errors import UsageError


def added(text: str, *changes: Change) -> tuple[list[str], list[str]]:
    """Lines that came, and lines that went."""
    before, after = text.splitlines(), edited(text, changes).splitlines()
    return [line for line in after if line not in before], [line for line in before if line not in after]


def test_a_changed_value_is_one_changed_line_with_its_remark_in_place() -> None:
    came, went = added(template(), Change(("tasks", "cell", "period"), "500ms"))
    assert [line.split() for line in came] == [["period", "=", '"500ms"', "#", "one", "decision", "each"]]
    assert [line.index("#") for line in came] == [line.index("#") for line in went]


def test_a_key_that_stands_there_as_an_example_is_switched_on_where_it_stands() -> None:
    came, went = added(template(), Change(("tasks", "cell", "stale"), "5s"))
    assert [line.split()[:3] for line in came] == [["stale", "=", '"5s"']]
    assert [line.index("#") for line in came] == [went[0].rindex("#")] and went[0].startswith("# stale = ")


def test_a_table_that_stands_there_as_an_example_is_switched_on_with_it() -> None:
    came, went = added(template(), Change(("plant", "options"), {"user": "anna", "timeout_s": 2.5}))
    assert [line.split("#")[0].strip() for line in came] == ["[plant.options]", 'user = "anna"', "timeout_s = 2.5"]
    assert went and all(line.startswith("# ") for line in went)


def test_limits_go_below_their_own_table() -> None:
    text = edited(template(), [Change(("tasks", "cell", "limits", "a/b"), [1.0, 2.0])])
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("[tasks.cell.limits]"))
    assert lines[head + 1] == '"a/b" = [1.0, 2.0]'


def test_what_is_so_already_stays_as_it_is_written() -> None:
    text = "[plant]\nsource = 'opc.tcp://a/'\n[tasks.x]\ntags = [ 'a' , 'b' ]\n"
    assert edited(text, [Change(("plant", "source"), "opc.tcp://a/"), Change(("tasks", "x", "tags"), ["a", "b"])]
                  ) == text


@pytest.mark.parametrize("gap", ["  ", "            "])
def test_a_removed_key_with_a_remark_is_commented_out_and_comes_back_by_the_same_line(gap: str) -> None:
    text = f'[plant]\nsource = "a.csv"\nname = "works"{gap}# as in ISA-95\n'
    without = edited(text, [Change(("plant", "name"), None)])
    assert without.splitlines()[2].split() == '# name = "works" # as in ISA-95'.split()
    assert edited(without, [Change(("plant", "name"), "works")]) == text


def test_a_removed_key_without_a_remark_is_gone() -> None:
    text = '[plant]\nsource = "a.csv"\nname = "works"\n'
    assert edited(text, [Change(("plant", "name"), None)]) == '[plant]\nsource = "a.csv"\n'


def test_a_list_of_several_lines_keeps_its_lines_and_remarks() -> None:
    text = 'tags = [\n  "a/*",  # the pump\n  "b/*",  # the tank\n  "c",\n]\n'
    assert edited(text, [Change(("tags",), ["a/*", "c", "d/*"])]) == (
        'tags = [\n  "a/*",  # the pump\n  # "b/*",  # the tank\n  "c",\n  "d/*",\n]\n')


def test_a_new_key_goes_behind_the_remark_that_spans_two_lines() -> None:
    text = '[plant]\nsource = "a.csv"      # first line\n                      # second line\n\n[node]\n'
    assert edited(text, [Change(("plant", "name"), "w")]) == (
        '[plant]\nsource = "a.csv"      # first line\n                      # second line\nname = "w"\n\n[node]\n')


def test_tables_in_braces_and_keys_with_dots_are_changed_as_they_are_written() -> None:
    text = 'plant = { source = "a.csv" }  # one line\ntasks.cell.period = "1s"\n'
    assert edited(text, [Change(("plant", "name"), "w"), Change(("tasks", "cell", "stale"), "3s")]) == (
        'plant = { source = "a.csv", name = "w" }  # one line\ntasks.cell.period = "1s"\ntasks.cell.stale = "3s"\n')


@pytest.mark.parametrize("text", [
    '[tasks]\ncell.period = "1s"\n', 'tasks.cell.period = "1s"\n', "[tasks]\ncell.limits = {}\n"])
def test_a_task_that_is_written_with_dots_stays_when_its_last_key_goes(text: str) -> None:
    (name,) = tomllib.loads(text)["tasks"]["cell"]
    assert tomllib.loads(edited(text, [Change(("tasks", "cell", name), None)])) == {"tasks": {"cell": {}}}


def test_line_ends_of_another_system_stay() -> None:
    text = '[plant]\r\nsource = "a.csv"\r\n'
    assert edited(text, [Change(("plant", "options", "speed"), 1.0)]) == (
        '[plant]\r\nsource = "a.csv"\r\n\r\n[plant.options]\r\nspeed = 1.0\r\n')


@pytest.mark.parametrize("text", ["\ud800", {"a", "b"}, None.__class__])
def test_what_no_file_can_hold_is_a_sentence(text: Any) -> None:
    with pytest.raises(UsageError):
        edited(template(), [Change(("plant", "name"), text)])


# -- any valid file to any other ------------------------------------------------------------------------------

names = some.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)
words = some.text(some.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda word: bool(word.strip()))
durations = some.sampled_from(["100ms", "1s", "3s", "10min", "2h"])
limits = some.tuples(some.floats(-1e6, 0), some.floats(1, 1e6)).map(list)
tasks = some.fixed_dictionaries({}, optional={
    "tags": some.lists(words, min_size=1, max_size=5), "leave-out": some.lists(words, max_size=4),
    "period": durations, "stale": durations, "learn": durations, "modes": some.lists(words, max_size=3),
    "learner": some.sampled_from(["auto", "pca"]), "false-alarm-rate": some.floats(1e-9, 0.5),
    "deadline": durations, "memory-mib": some.integers(1, 4096),
    "limits": some.dictionaries(words, limits, max_size=3)})
options = some.dictionaries(
    some.sampled_from(["user", "security", "pki", "trust", "timeout_s", "batch", "plain_password"]),
    some.one_of(words, some.booleans(), some.integers(0, 999), some.floats(0, 99), some.lists(words, max_size=3)),
    max_size=3)
configs = some.fixed_dictionaries(
    {"plant": some.fixed_dictionaries({"source": some.sampled_from(["a.csv", "opc.tcp://plc:4840/", "plant:"])},
                                      optional={"name": names, "options": options}),
     "tasks": some.dictionaries(names, tasks, min_size=1, max_size=1)},
    optional={"node": some.fixed_dictionaries({}, optional={"name": names, "control-port": some.integers(9000, 9100)}),
              "history": some.sampled_from(["history", "data/历史"])})


class _Hand:
    """Somebody who writes a file in a style of their own, with remarks wherever TOML allows one."""

    def __init__(self, draw: some.DrawFn) -> None:
        self.draw, self.remarks = draw, list[str]()

    def flip(self) -> bool:
        return self.draw(some.booleans())

    def remark(self, before: str = "") -> str:
        if not self.flip():
            return ""
        self.remarks.append(f"remark {len(self.remarks)}.")
        return f"{before}# {self.remarks[-1]}"

    def pair(self, name: str, one: Any) -> list[str]:
        after = [self.remark(), *[""] * self.flip()]
        if isinstance(one, list) and one and self.flip():
            inside = [f"  {value(part)},{self.remark('  ')}" for part in one]
            return [f"{name} = [{self.remark(' ')}", *inside, f"]{self.remark('  ')}", *after]
        return [f"{name} = {value(one)}{self.remark('   ')}", *after]

    def table(self, path: tuple[str, ...], data: dict[str, Any]) -> list[str]:
        """As a header, or with dots, or in braces where it stands in another."""
        lines = [f"[{'.'.join(map(key, path))}]{self.remark(' ')}"]
        later = []
        for name, one in data.items():
            if not isinstance(one, dict):
                lines += self.pair(key(name), one)
            elif self.flip():
                later += self.table((*path, name), one)
            elif self.flip() or not one or any(isinstance(part, dict) for part in one.values()):
                lines += self.pair(key(name), one)
            else:
                lines += [line for part, held in one.items() for line in self.pair(f"{key(name)}.{key(part)}", held)]
        return [*lines, *later]


@some.composite
def files(draw: some.DrawFn) -> tuple[str, dict[str, Any], list[str]]:
    """A valid file, its content, and its remarks."""
    config, hand = draw(configs), _Hand(draw)
    lines = [hand.remark()]
    for name, one in config.items():
        if not isinstance(one, dict):
            lines += hand.pair(name, one)
    braces = [name for name, one in config.items() if isinstance(one, dict) and draw(some.integers(0, 3)) == 0]
    for name in braces:
        lines += hand.pair(name, config[name])
    for name, one in config.items():
        if isinstance(one, dict) and name not in braces:
            lines += hand.table((name,), one)
    return "\n".join(lines) + "\n", config, hand.remarks


def filled(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {name: held for name, part in data.items() if (held := filled(part)) != {}}


@settings(max_examples=150, deadline=None)
@given(files(), configs)
def test_any_valid_file_becomes_any_other_and_no_remark_is_lost(
        file: tuple[str, dict[str, Any], list[str]], new: dict[str, Any]) -> None:
    text, old, remarks = file
    assert tomllib.loads(text) == old
    after = edited(text, changes_between(old, new))
    assert filled(tomllib.loads(after)) == filled(new)
    check(after, Path(FILE))
    assert [one for one in remarks if f"# {one}" not in after] == []


@settings(max_examples=60, deadline=None)
@given(configs)
def test_the_commented_template_becomes_any_valid_file_with_all_its_words(new: dict[str, Any]) -> None:
    text = template()
    after = edited(text, changes_between(tomllib.loads(text), new))
    assert filled(tomllib.loads(after)) == filled(new)
    check(after, Path(FILE))
    for remark in ("what the model is for", "a value older than this is masked", "our certificate is made"):
        assert remark in after


@settings(max_examples=60, deadline=None)
@given(files())
def test_nothing_changes_where_nothing_is_to_change(file: tuple[str, dict[str, Any], list[str]]) -> None:
    text, old, _ = file
    assert edited(text, changes_between(old, old)) == text
