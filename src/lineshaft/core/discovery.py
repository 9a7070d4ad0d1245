"""Discovery: plugins are the modules of a folder; third parties use entry points. No list is kept by hand."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib import metadata, resources
from types import ModuleType

from lineshaft.core.errors import UsageError

ENTRY_POINTS = "lineshaft."


def names(package: str) -> tuple[str, ...]:
    """Plugin names of a package such as ``lineshaft.backend``: its public modules, then entry points.

    Entry points of group ``lineshaft.<family>`` (here ``lineshaft.backend``) name a module each.
    """
    path = importlib.import_module(package).__path__
    own = [module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_")]
    return tuple(dict.fromkeys([*sorted(own), *sorted(_foreign(package))]))


def load(package: str, name: str) -> ModuleType:
    """The plugin's module. Raises ``UsageError`` naming those there are."""
    foreign = _foreign(package)
    if name in foreign:
        return importlib.import_module(foreign[name])
    if name not in names(package):
        raise UsageError(f"no {package.rsplit('.', 1)[-1]} is called {name!r}",
                         do=f"use one of: {', '.join(names(package))}")
    return importlib.import_module(f"{package}.{name}")


def manifests(package: str, filename: str = "manifest.toml") -> dict[str, str]:
    """Text of the manifest in each plugin folder, read without importing the plugin."""
    found: dict[str, str] = {}
    for folder in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
        manifest = folder / filename
        if folder.is_dir() and manifest.is_file():
            found[folder.name] = manifest.read_text("utf-8")
    return found


@cache
def _foreign(package: str) -> dict[str, str]:
    """Looked up once: it reads the metadata of everything that is installed."""
    group = ENTRY_POINTS + package.rsplit(".", 1)[-1]
    return {entry.name: entry.value for entry in metadata.entry_points(group=group)}
