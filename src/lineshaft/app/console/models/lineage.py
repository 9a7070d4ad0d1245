"""Where a bundle comes from: the bundles before it, the history that it learnt from, and who judged that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineshaft.app import flow
from lineshaft.app.console.models.shelf import Content, Shelved
from lineshaft.core.errors import LineshaftError
from lineshaft.core.feedback import Feedback
from lineshaft.core.store import Historian
from lineshaft.feedback.verdicts import verdicts


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A bundle in the line; ``there`` is None where its files are not in the project any more."""

    digest: str
    there: Shelved | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """``ancestors`` from the bundle itself to the first; ``stretches`` what people, or the project's file, had judged
    when it learnt, in order of time; ``why`` says what keeps the history from being read as it was then."""

    ancestors: tuple[Ancestor, ...]
    stretches: tuple[Feedback, ...]
    why: str = ""


def lineage(content: Content, shelf: Mapping[int, Shelved], historian: Historian) -> Lineage:
    """The line of a bundle, each step from its manifest."""
    by_digest = {one.digest: one for one in shelf.values() if one.content is not None}
    found = list[Ancestor]()
    digest, seen = content.digest, set[str]()
    while digest and digest not in seen:
        seen.add(digest)
        there = by_digest.get(digest)
        found.append(Ancestor(digest, there))
        digest = there.content.manifest.lineage.parent if there and there.content else ""
    try:
        stretches = verdicts(historian, content.manifest.loop, content.manifest.lineage.history or None)
    except LineshaftError as error:
        return Lineage(tuple(found), (), str(error))
    return Lineage(tuple(found), tuple(sorted(stretches, key=lambda one: (one.start, one.given))))


def declared(one: Feedback) -> bool:
    """Whether the project's file said it, and nobody in person."""
    return one.by == flow.DECLARED
