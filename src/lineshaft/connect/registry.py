"""Which connector answers to a URI, decided from manifests alone."""

from __future__ import annotations

import importlib
import tomllib
from functools import cache
from pathlib import PurePath
from types import ModuleType
from typing import cast

from lineshaft.core import discovery
from lineshaft.core.connector import Connector, ConnectorManifest
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.guard import WriteGuard

PACKAGE = "lineshaft.connect"


@cache
def manifests() -> dict[str, ConnectorManifest]:
    """What every connector says of itself, by name; no connector is imported.

    >>> manifests()["opcua"].schemes
    ('opc.tcp',)
    """
    return {name: parse_manifest(text, f"connect/{name}/manifest.toml")
            for name, text in discovery.manifests(PACKAGE).items()}


def parse_manifest(text: str, where: str) -> ConnectorManifest:
    """The manifest in a TOML text; ``UsageError`` names the file and the key that is wrong."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not TOML: {error}", where=where) from None
    for key in ("schemes", "suffixes"):
        if key in found:
            found[key] = tuple(found[key])
    try:
        return ConnectorManifest(**found)
    except TypeError as error:
        raise UsageError(str(error).partition("()")[2].strip() or str(error), where=where,
                         do="use the fields of core.connector.ConnectorManifest") from None


def connector_for(uri: str) -> str:
    """Name of the connector that answers to ``uri`` by scheme, or by suffix for a path.

    >>> connector_for("opc.tcp://10.0.0.5:4840/")
    'opcua'
    >>> connector_for("plant:?seed=7")
    'plant'
    """
    scheme, mark, _ = uri.partition(":")
    for name, manifest in manifests().items():
        if mark and scheme.lower() in manifest.schemes:
            return name
    if "://" in uri:  # a drive letter is no scheme
        raise UsageError(f"no connector answers to '{scheme}://'", do=f"use one of: {', '.join(_spoken())}")
    suffixes = {suffix.lower() for suffix in PurePath(uri).suffixes}
    for name, manifest in manifests().items():
        if suffixes & set(manifest.suffixes):
            return name
    raise UsageError(f"no connector answers to {PurePath(uri).name!r}", do=f"use one of: {', '.join(_spoken())}")


def open_connector(uri: str, *, guard: WriteGuard | None = None, **options: object) -> Connector:
    """The connector for ``uri``, not yet connected: ``await`` its ``open``.

    ``guard`` says which writes are allowed (none by default); ``options`` are the connector's own. Raises
    ``UsageError`` when nothing answers to the URI, ``EnvironmentFailed`` when its pip extra is not installed.
    """
    name = connector_for(uri)
    module = load(name, "connector")
    return cast(Connector, module.create(uri, guard=guard or WriteGuard(), **options))


def load(name: str, part: str) -> ModuleType:
    """``connect/<name>/<part>.py``; a missing library becomes a sentence that names the extra to install."""
    try:
        return importlib.import_module(f"{PACKAGE}.{name}.{part}")
    except ModuleNotFoundError as error:
        extra = manifests()[name].extra
        if not extra or (error.name or "").startswith("lineshaft"):
            raise
        raise EnvironmentFailed(f"the {name} connector needs the Python package {error.name!r}",
                                do=f'install "lineshaft[{extra}]"') from None


def _spoken() -> list[str]:
    return sorted({f"{scheme}://" for manifest in manifests().values() for scheme in manifest.schemes}
                  | {suffix for manifest in manifests().values() for suffix in manifest.suffixes})
