"""A choice of tags is written as few patterns, which choose exactly these tags."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from lineshaft.app.console.setup.patterns import matcher, patterns
from lineshaft.app.flow import choose_tags
from lineshaft.core.tag import Tag

PLANT = [f"works/{line}/{asset}/{name}" for line in ("l1", "l2") for asset in ("P1", "T1")
         for name in ("flow", "level", "speed")]


def test_everything_is_one_star() -> None:
    assert patterns(PLANT, PLANT) == patterns(PLANT, set(PLANT)) and patterns(PLANT, PLANT).tags == ("*",)


def test_a_whole_branch_is_a_glob() -> None:
    found = patterns(PLANT, [path for path in PLANT if path.startswith("works/l1/P1/")])
    assert (found.tags, found.leave_out) == (("works/l1/P1/*",), ())


def test_all_but_one_leaves_that_one_out() -> None:
    found = patterns(PLANT, [path for path in PLANT if path != "works/l1/P1/flow"])
    assert (found.tags, found.leave_out) == (("*",), ("works/l1/P1/flow",))


def test_single_tags_go_by_their_names() -> None:
    found = patterns(PLANT, ["works/l1/P1/flow", "works/l2/T1/speed"])
    assert (found.tags, found.leave_out) == (("works/l1/P1/flow", "works/l2/T1/speed"), ())


levels = some.text(some.sampled_from("abé*?[]!-温"), min_size=1, max_size=2)
paths = some.lists(some.lists(levels, min_size=1, max_size=4).map("/".join), min_size=1, max_size=14, unique=True)


@given(paths, some.data())
def test_the_patterns_choose_exactly_what_was_chosen(there: list[str], data: some.DataObject) -> None:
    """Also where a tag lies below another, and where names look like patterns."""
    chosen = data.draw(some.lists(some.sampled_from(there), min_size=1, unique=True))
    found = patterns(there, chosen)
    takes = matcher(found.tags, found.leave_out)
    assert [path for path in there if takes(path)] == [path for path in there if path in chosen]
    tags = [Tag(path) for path in there]
    assert {tag.path for tag in choose_tags(tags, found.tags, found.leave_out)} == set(chosen)
