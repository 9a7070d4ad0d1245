"""Look into a bundle without running it: what ``bundle show`` prints, and its files unpacked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from lineshaft.bundle import oci, storage
from lineshaft.bundle.contents import Bundle, from_files
from lineshaft.bundle.keys import load_trusted
from lineshaft.bundle.sign import SIGNATURE_FILE
from lineshaft.bundle.signature import key_id, verify
from lineshaft.core.clock import format_time
from lineshaft.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Looked:
    """A bundle whose bytes are all as they were packed; ``files`` by name, ``verdict`` on its signature."""

    bundle: Bundle
    files: dict[str, bytes]
    verdict: str


def look(path: Path, *, trusted_keys: Iterable[Path] | None = None) -> Looked:
    """Read all of it; raises ``Refused`` if a byte was changed.

    ``verdict`` is "trusted", "not checked" (no keys given) or the reason for a no: a person may look into a bundle
    that no node would run.
    """
    where = str(path)
    contents = oci.parse(storage.read(path), where=where)
    signature = _signature(contents, trusted_keys, where)
    bundle = from_files(contents.files, digest=contents.digest, signed_by=signature["key"], where=where)
    return Looked(bundle, dict(contents.files), signature["verdict"])


def inspect(path: Path, *, trusted_keys: Iterable[Path] | None = None) -> dict[str, object]:
    """What ``look`` finds, as plain values for a person or ``-o json``."""
    return described(look(path, trusted_keys=trusted_keys))


def described(found: Looked) -> dict[str, object]:
    """A bundle that was looked into, as plain values."""
    bundle, manifest = found.bundle, found.bundle.manifest
    return {
        "digest": bundle.digest, "loop": manifest.loop, "task": manifest.task, "version": manifest.version,
        "created": format_time(manifest.lineage.created),
        "signature": {"key": bundle.signed_by, "verdict": found.verdict},
        "tags": [tag.path for tag in manifest.tags], "period_ns": manifest.period_ns,
        "budget": asdict(manifest.budget), "lineage": asdict(manifest.lineage), "figures": manifest.figures,
        "certificates": [asdict(lowering.certificate) for lowering in bundle.lowerings],
        "golden": [len(sequence) for sequence in bundle.golden],
        "files": {name: {"bytes": len(raw), "digest": oci.digest(raw)} for name, raw in found.files.items()},
    }


def unpack(path: Path, folder: Path) -> None:
    """Write the files under their names, with the signature beside them, where other tools can read them.

    ``model_signing verify key --signature FOLDER/model.sig --public_key KEY FOLDER`` then verifies the same.
    """
    contents = oci.parse(storage.read(path), where=str(path))
    signature = {SIGNATURE_FILE: contents.signature} if contents.signature is not None else {}
    storage.write_folder(folder, {**contents.signed_files, **signature})


def _signature(contents: oci.Contents, trusted: Iterable[Path] | None, where: str) -> dict[str, str]:
    if contents.signature is None:
        return {"key": "", "verdict": "not signed"}
    key = key_id(contents.signature, where=where)
    if trusted is None:
        return {"key": key, "verdict": "not checked"}
    try:
        verify(contents.signature, contents.signed_files, load_trusted(trusted), where=where)
    except Refused as refusal:
        return {"key": key, "verdict": refusal.what}
    return {"key": key, "verdict": "trusted"}
