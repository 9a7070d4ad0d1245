"""Where the data come from, and how they arrive now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import numpy as np

from lineshaft.app.project import Project
from lineshaft.connect.registry import connector_for, manifests
from lineshaft.core.clock import SECOND
from lineshaft.core.quality import usable
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian

RATE_NS = 60 * SECOND
_SINCE: WeakKeyDictionary[EmbeddedHistorian, int] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Source:
    """Times in UTC ns, None where nothing was ever stored; ``rate`` in samples a second and ``good`` (0..1) over the
    last minute; ``hot_bytes`` wait in SQLite, ``cold_bytes`` lie in the Delta table.
    """

    uri: str
    title: str
    description: str
    tags: int
    since: int | None
    newest: int | None
    rate: float
    good: float | None
    rows: int
    version: str
    hot_bytes: int
    cold_bytes: int


def source(project: Project, historian: EmbeddedHistorian, tags: list[Tag], newest: int | None, now: int) -> Source:
    """The project's one source; ``newest`` is the time of its newest sample."""
    manifest = manifests()[connector_for(project.source)]
    read = historian.read([tag.path for tag in tags], now - RATE_NS, now) if tags else {}
    good = np.concatenate([usable(one.quality) & np.isfinite(one.value) for one in read.values()]
                          or [np.empty(0, np.bool_)])
    cold = project.folder / project.config.history / "samples"
    return Source(
        without_secret(project.config.plant.source), manifest.title, manifest.description, len(tags),
        first_sample(historian), newest, len(good) * SECOND / RATE_NS, float(good.mean()) if len(good) else None,
        historian.arrived(), historian.version(), _size(historian.folder) - _size(cold), _size(cold))


def without_secret(uri: str) -> str:
    """The URI without what stands before an @, which may be a password.

    >>> without_secret("opc.tcp://anna:secret@10.0.0.5:4840/plant"), without_secret("export.csv")
    ('opc.tcp://10.0.0.5:4840/plant', 'export.csv')
    """
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.netloc else uri


def first_sample(historian: EmbeddedHistorian) -> int | None:
    """The time of the first sample that ever arrived, which never changes; None before it."""
    if historian not in _SINCE:
        first = historian.since(0, limit=1).samples
        if not len(first):
            return None
        _SINCE[historian] = int(first.time[0])
    return _SINCE[historian]


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # a file that was merged away meanwhile
            continue
    return total
