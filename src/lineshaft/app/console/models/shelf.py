"""The bundles of a project as they lie on disk, each read and verified once for as long as its files stay the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lineshaft.app.project import Project
from lineshaft.bundle.inspect import Looked, look
from lineshaft.bundle.oci import digest
from lineshaft.core.errors import LineshaftError
from lineshaft.core.manifest import Certificate, Manifest

REMEMBERED = 64
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a bundle."""

    name: str
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a bundle says of itself; ``golden`` the ticks of each sequence, ``sbom`` CycloneDX."""

    digest: str
    manifest: Manifest
    certificates: tuple[Certificate, ...]
    golden: tuple[int, ...]
    card: str
    sbom: dict[str, Any]
    files: tuple[File, ...]
    key: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """A bundle of the project; ``content`` is None where it can't be read, and ``refused`` says why."""

    version: int
    path: Path
    bytes: int
    content: Content | None
    refused: str = ""

    @property
    def digest(self) -> str:
        """Empty where it can't be read."""
        return self.content.digest if self.content else ""


def shelf(project: Project) -> dict[int, Shelved]:
    """By version, oldest first; signatures are checked against the project's own public key."""
    public = project.key.with_suffix(".pub")
    return {version: _shelved(version, path, _stamp(path), public, _stamp(public))
            for version, path in project.bundles().items()}


@lru_cache(REMEMBERED)
def _shelved(version: int, path: Path, stamp: Stamp, public: Path, signed: Stamp) -> Shelved:
    size = sum(part[1] for part in stamp)
    try:
        return Shelved(version, path, size, _content(look(path, trusted_keys=[public] if signed else None)))
    except LineshaftError as error:
        return Shelved(version, path, size, None, str(error))


def _content(found: Looked) -> Content:
    bundle = found.bundle
    try:
        sbom: dict[str, Any] = json.loads(bundle.sbom)
    except ValueError:
        sbom = {}
    return Content(bundle.digest, bundle.manifest, tuple(lowering.certificate for lowering in bundle.lowerings),
                   tuple(len(sequence) for sequence in bundle.golden), bundle.card, sbom,
                   tuple(File(name, len(raw), digest(raw)) for name, raw in sorted(found.files.items())),
                   bundle.signed_by, found.verdict)


def _stamp(path: Path) -> Stamp:
    """Changes whenever a byte may have changed; empty where nothing is."""
    try:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        found = [(file, file.stat()) for file in files]
    except OSError:
        return ()
    return tuple((str(file), stat.st_size, stat.st_mtime_ns) for file, stat in found if file.is_file())
