"""What people do with bundles: learn anew, run one beside, let it decide, go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lineshaft.app import deploy as deploying
from lineshaft.app.console.context import Console, NotFound
from lineshaft.app.console.door import Person
from lineshaft.app.console.jobs import Job
from lineshaft.app.console.models.shelf import Shelved, shelf
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.app.training import stored_tags
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.feedback.retrain import Retrain, retrain_due

RETRAIN = "retrain"
BAD_NEEDED = 5
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Brought:
    """The bundle that decides or shadows now; ``version`` is None where the project does not hold it."""

    digest: str
    version: int | None


def bundle_of(console: Console, version: int) -> Shelved:
    """A bundle by its version; ``NotFound`` names those there are."""
    there = shelf(console.existing())
    if version not in there:
        raise NotFound(f"there is no bundle of version {version}", where=str(console.folder / "bundles"),
                       do=f"there are: {', '.join(map(str, there)) or 'none yet'}")
    return there[version]


def deciding(console: Console) -> Shelved | None:
    """The bundle that decides; where no node answers, the one that it would start with."""
    project, glance = console.existing(), console.pulse.glance
    there = shelf(project)
    if glance is not None:
        return next((one for one in there.values() if one.digest == glance.status["bundle"]), None)
    path = project.decides()
    return next((one for one in there.values() if one.path == path), None)


def due(console: Console) -> Retrain | None:
    """Whether people say often enough that the deciding bundle is wrong; None where there is none to ask about."""
    found = deciding(console)
    if found is None or found.content is None:
        return None
    manifest = found.content.manifest
    return retrain_due(console.historian, manifest.loop, manifest.lineage.history, bad_needed=BAD_NEEDED)


def retrain(console: Console, person: Person) -> Job:
    """Learn the next version in a process of its own; nothing that runs is touched."""
    project = console.existing()
    stored_tags(project, console.historian)  # a mistake is told at once, not by a process that ends
    words = ["model", "train", "--project", str(project.folder), "--progress-json", "--output", "json"]
    return noted(console, person, "retraining begun", project.loop,
                 lambda: console.jobs.start(RETRAIN, words, person.name))


def shadow(console: Console, person: Person, version: int) -> Brought:
    """Run a bundle beside the one that decides, unheeded."""
    return _bring(console, person, "shadow", version)


def deploy(console: Console, person: Person, version: int) -> Brought:
    """Let a bundle decide at once, without a shadow before."""
    return _bring(console, person, "swap", version)


def promote(console: Console, person: Person) -> Brought:
    """The shadow decides from now on."""
    return _bring(console, person, "promote")


def rollback(console: Console, person: Person) -> Brought:
    """The last good bundle decides again."""
    return _bring(console, person, "rollback")


ACTS = {"shadow": "shadow begun", "swap": "deployed", "promote": "promoted", "rollback": "rolled back"}


def _bring(console: Console, person: Person, verb: str, version: int | None = None) -> Brought:
    one = None if version is None else bundle_of(console, version)
    if one is not None and one.content is None:
        raise Refused(one.refused, do="train it again")
    project, path = console.existing(), None if one is None else one.path
    digest = noted(console, person, ACTS[verb], f"version {version}" if version is not None else project.loop,
                   lambda: _done(project, verb, path))
    there = next((other.version for other in shelf(project).values() if other.digest == digest), None)
    return Brought(digest, there)


def _done(project: Project, verb: str, bundle: Path | None) -> str:
    """The digest that decides, or shadows, now."""
    if verb == "swap" and bundle is not None:
        return deploying.deploy(project, bundle).digest
    digest = RemoteNode(project.node_folder).bring(verb, bundle)
    if verb != "shadow":
        project.note_decides(digest)
    return digest


def noted(console: Console, person: Person, act: str, what: str, work: Callable[[], _Done]) -> _Done:
    """Do it, and have the audit log say how it went."""
    try:
        done = work()
    except LineshaftError as error:
        console.door.note(person, act, what, str(error), outcome="refused" if isinstance(error, Refused) else "failed")
        raise
    console.door.note(person, act, what, done if isinstance(done, str) else None)
    return done
