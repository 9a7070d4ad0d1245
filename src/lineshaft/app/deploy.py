"""Which bundle decides: a person's word to the running node, remembered for every later start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lineshaft.app import flow
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.bundle.open import open_bundle
from lineshaft.core.errors import EnvironmentFailed, UsageError


@dataclass(frozen=True, slots=True)
class Deciding:
    """The bundle that decides now: its folder's ``name`` in the project ("" where it lies elsewhere) and digest.

    ``running`` says whether a node decides with it already; if not, the next one to start will.
    """

    name: str
    digest: str
    running: bool


def deploy(project: Project, bundle: Path) -> Deciding:
    """Let a bundle of the project decide: at once where a node runs, else with its next start.

    Raises ``Refused`` with the node's reason, or that of the bundle itself; then everything is as it was.
    """
    path = own(project, bundle)
    digest = open_bundle(path, trusted_keys=(flow.signing_key(project.key),)).digest
    node = _node(project)
    if node is not None and node.status()["bundle"] != digest:
        node.bring("swap", path)
    return _noted(project, digest, running=node is not None)


def shadow(project: Project, bundle: Path) -> Deciding:
    """Run a bundle beside the one that decides, unheeded; needs a running node."""
    node = RemoteNode(project.node_folder)
    node.bring("shadow", own(project, bundle))
    return _now(project, node)


def promote(project: Project) -> Deciding:
    """The shadow decides from now on."""
    return _noted(project, RemoteNode(project.node_folder).bring("promote"), running=True)


def roll_back(project: Project) -> Deciding:
    """The last good bundle decides again."""
    return _noted(project, RemoteNode(project.node_folder).bring("rollback"), running=True)


def own(project: Project, bundle: Path) -> Path:
    """The bundle of the project at this path, or of this folder name; ``UsageError`` names those there are."""
    there = list(project.bundles().values())
    for path in there:
        if path.resolve() == bundle.resolve() or path.name == str(bundle):
            return path
    raise UsageError("no bundle of this project", where=str(bundle),
                     do=f"use one of: {', '.join(path.name for path in there)}" if there else
                     "make one with `lineshaft model train`")


def _node(project: Project) -> RemoteNode | None:
    """The project's node where one answers."""
    try:
        node = RemoteNode(project.node_folder)
        return node if node.status()["node"] == project.config.node.name else None
    except EnvironmentFailed:
        return None


def _now(project: Project, node: RemoteNode) -> Deciding:
    return _noted(project, str(node.status()["bundle"]), running=True)


def _noted(project: Project, digest: str, *, running: bool) -> Deciding:
    found = project.note_decides(digest)
    return Deciding(found.name if found else "", digest, running)
