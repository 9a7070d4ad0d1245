"""A choice among tags as the few patterns that a person would write."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import translate


@dataclass(frozen=True, slots=True)
class Patterns:
    """``tags`` and ``leave-out`` of a task."""

    tags: tuple[str, ...]
    leave_out: tuple[str, ...]


@dataclass(slots=True)
class _Branch:
    path: str
    below: dict[str, _Branch] = field(default_factory=dict)
    is_tag: bool = False
    chosen: bool = False
    tags: int = 0
    taken: int = 0


_Way = tuple[tuple[str, ...], tuple[str, ...]]


def patterns(paths: Iterable[str], chosen: Collection[str]) -> Patterns:
    """The fewest patterns that match ``chosen`` and nothing else of ``paths``; whole branches become globs.

    >>> patterns(["a/p/flow", "a/p/speed", "a/q/flow", "b/x"], ["a/p/flow", "a/p/speed", "b/x"])
    Patterns(tags=('a/p/*', 'b/x'), leave_out=())
    >>> patterns(["a/1", "a/2", "a/3", "b/1"], ["a/1", "a/2", "b/1"])
    Patterns(tags=('*',), leave_out=('a/3',))
    """
    root = _Branch("")
    wanted = set(chosen)
    for path in paths:
        _grow(root, path, path in wanted)
    return Patterns(("*",), ()) if root.taken == root.tags else Patterns(*_fewest(root, False))


def matcher(tags: Iterable[str], leave_out: Iterable[str]) -> Callable[[str], bool]:
    """Whether a task with these patterns takes a path, as ``flow.choose_tags`` decides; quick for many paths."""
    taken, left = (re.compile("|".join(map(translate, some)) or r"(?!)") for some in (tags, leave_out))
    return lambda path: bool(taken.match(path)) and not left.match(path)


def quoted(path: str) -> str:
    """A path as a pattern that matches nothing else.

    >>> quoted("a/[1]*")
    'a/[[]1][*]'
    """
    return re.sub(r"[*?\[]", r"[\g<0>]", path)


def _grow(root: _Branch, path: str, chosen: bool) -> None:
    at, parts = root, path.split("/")
    way = [root]
    for place, part in enumerate(parts):
        at = at.below.setdefault(part, _Branch("/".join(parts[:place + 1])))
        way.append(at)
    if at.is_tag:
        return
    at.is_tag, at.chosen = True, chosen
    for branch in way:
        branch.tags += 1
        branch.taken += chosen


def _fewest(branch: _Branch, included: bool) -> _Way:
    """Patterns that make this branch right, given whether an outer pattern takes all of it already."""
    below = branch.tags - branch.is_tag
    taken = branch.taken - (branch.is_tag and branch.chosen)
    own = (quoted(branch.path),) if branch.is_tag and branch.chosen != included else ()
    one_by_one = _each(branch, included)
    if not below or len(branch.below) == below == 1:  # a glob for a single tag says less than its name
        best = one_by_one
    elif included:
        best = ((), (_glob(branch),)) if not taken else one_by_one
    elif not taken:
        best = ((), ())
    else:
        inner = _each(branch, True)
        whole = ((_glob(branch), *inner[0]), inner[1])
        ways = (one_by_one, whole) if branch.path else (whole, one_by_one)  # of equals the inner one, but for "*"
        best = min(ways, key=lambda way: (len(way[0]) + len(way[1]), len(way[1])))
    tags, leave_out = best
    return ((*own, *tags), leave_out) if not included else (tags, (*own, *leave_out))


def _each(branch: _Branch, included: bool) -> _Way:
    ways = [_fewest(one, included) for one in branch.below.values()]
    return (tuple(tag for way in ways for tag in way[0]), tuple(tag for way in ways for tag in way[1]))


def _glob(branch: _Branch) -> str:
    return f"{quoted(branch.path)}/*" if branch.path else "*"
