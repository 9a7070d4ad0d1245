"""The band behind a signal: where its values lay in the rows that the deciding bundle was taught with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lineshaft.app import flow
from lineshaft.app.band import normal_band
from lineshaft.app.project import Project
from lineshaft.bundle.inspect import inspect
from lineshaft.core.errors import UsageError
from lineshaft.core.store import Historian

_MOST = 50  # bundles remembered


@dataclass(frozen=True, slots=True)
class Bands:
    """Low and high by tag path; ``note`` says why there are none."""

    bundle: str = ""
    by_tag: dict[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""


class BandKeeper:
    """Bands of the bundles that decided so far: a bundle's digest says everything they are made of."""

    def __init__(self) -> None:
        self._known: dict[str, Bands] = {}
        self._bundles: dict[tuple[Path, int], dict[str, Any]] = {}
        self._lock = threading.Lock()  # one computes, the others wait for it

    def deciding(self, project: Project, historian: Historian) -> Bands:
        """Of the bundle that decides, by its own tags, period and version of history."""
        path = project.decides()
        if path is None:
            return Bands(note="no bundle decides yet")
        with self._lock:
            about = self._about(path)
            digest = str(about["digest"])
            if digest not in self._known:
                _forget(self._known)
                self._known[digest] = _bands(project, historian, about)
            return self._known[digest]

    def _about(self, path: Path) -> dict[str, Any]:
        """What a bundle says of itself, read once: a packed bundle is not written again in place."""
        key = (path, path.stat().st_mtime_ns)
        if key not in self._bundles:
            _forget(self._bundles)
            self._bundles[key] = inspect(path)
        return self._bundles[key]


def _forget(kept: dict[Any, Any]) -> None:
    if len(kept) >= _MOST:
        kept.pop(next(iter(kept)))


def _bands(project: Project, historian: Historian, about: dict[str, Any]) -> Bands:
    """From history as it was when the bundle was made; a bundle from elsewhere has no bands here."""
    digest = str(about["digest"])
    stored = {tag.path: tag for tag in historian.tags()}
    tags = [stored[path] for path in about["tags"] if path in stored]
    recipe = replace(project.recipe, loop=str(about["loop"]), period_ns=int(about["period_ns"]))
    try:
        dataset, normal = flow.teach(historian, tags, recipe, str(about["lineage"]["history"]))
    except UsageError as error:
        return Bands(digest, note=str(error))
    found = {tag.path: normal_band(dataset.values[normal, at], dataset.good[normal, at])
             for at, tag in enumerate(dataset.tags)}
    return Bands(digest, {path: band for path, band in found.items() if band is not None})
