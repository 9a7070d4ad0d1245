"""Open: a bundle is verified whole, in memory, before any part of it is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lineshaft.bundle import oci, storage
from lineshaft.bundle.contents import Bundle, from_files
from lineshaft.bundle.keys import load_trusted
from lineshaft.bundle.signature import verify
from lineshaft.core.errors import Refused
from lineshaft.core.manifest import Manifest


def open_bundle(path: Path, *, trusted_keys: Iterable[Path], running: Manifest | None = None,
                limit_bytes: int = storage.LIMIT_BYTES) -> Bundle:
    """The bundle, or ``Refused`` with the one reason why not.

    Checked in this order: sizes against ``limit_bytes``; every byte's digest, nothing missing or extra; the
    signature against ``trusted_keys`` (public key files, or folders of ``.pub``); that certificates, golden
    sequences and tags belong to this graph; and, against ``running``, the same loop and a newer version.
    """
    where = str(path)
    contents = oci.parse(storage.read(path, limit_bytes), where=where)
    if contents.signature is None:
        raise Refused("is not signed", where=where, do="pack it with a key that this machine trusts")
    signer = verify(contents.signature, contents.signed_files, load_trusted(trusted_keys), where=where)
    bundle = from_files(contents.files, digest=contents.digest, signed_by=signer, where=where)
    if running is not None:
        _require_successor(bundle.manifest, running, where)
    return bundle


def _require_successor(offered: Manifest, running: Manifest, where: str) -> None:
    if offered.loop != running.loop:
        raise Refused(f"is for loop {offered.loop!r}, and {running.loop!r} is running", where=where,
                      do="give this loop a bundle of its own")
    if offered.version <= running.version:
        raise Refused(f"version {offered.version} is not newer than {running.version}, which is running",
                      where=where, do="pack it again with a higher version")
