"""What people do with bundles: learn anew, run one beside, let it decide, go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lineshaft.app import deploy as deployment
from lineshaft.app.console.context import Console, NotFound
from lineshaft.app.console.door import Person
from lineshaft.app.console.jobs import Job
from lineshaft.app.console.models.shelf import Shelved, shelf
from lineshaft.app.training import stored_tags
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.feedback.retrain import Retrain, retrain_due

RETRAIN = "retrain"
ACTS = {"shadow": "shadow begun", "swap": "deployed", "promote": "promoted", "rollback": "rolled back"}
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
    one, project = readable(console, version), console.existing()
    noted(console, person, ACTS["shadow"], f"version {version}", lambda: deployment.shadow(project, one.path))
    return Brought(one.digest, version)


def deploy(console: Console, person: Person, version: int) -> Brought:
    """Let a bundle decide without a shadow before: at once, or with the next start where no node answers."""
    one, project = readable(console, version), console.existing()
    return _brought(console, noted(console, person, ACTS["swap"], f"version {version}",
                                   lambda: deployment.deploy(project, one.path)))


def promote(console: Console, person: Person) -> Brought:
    """The shadow decides from now on."""
    project = console.existing()
    return _brought(console, noted(console, person, ACTS["promote"], project.loop, lambda: deployment.promote(project)))


def rollback(console: Console, person: Person) -> Brought:
    """The last good bundle decides again."""
    project = console.existing()
    return _brought(console, noted(console, person, ACTS["rollback"], project.loop,
                                   lambda: deployment.roll_back(project)))


def readable(console: Console, version: int) -> Shelved:
    """A bundle by its version, ``Refused`` where a byte was changed."""
    one = bundle_of(console, version)
    if one.content is None:
        raise Refused(one.refused, do="train it again")
    return one


def _brought(console: Console, deciding: deployment.Deciding) -> Brought:
    there = shelf(console.existing()).values()
    return Brought(deciding.digest, next((one.version for one in there if one.digest == deciding.digest), None))


def noted(console: Console, person: Person, act: str, what: str, work: Callable[[], _Done]) -> _Done:
    """Do it, and have the audit log say how it went."""
    try:
        done = work()
    except LineshaftError as error:
        console.door.note(person, act, what, str(error), outcome="refused" if isinstance(error, Refused) else "failed")
        raise
    console.door.note(person, act, what, done.digest if isinstance(done, deployment.Deciding) else None)
    return done
