"""The artifact of the ``hls`` backend: one zip of the HLS project, the emulation and the parts around the core."""

from __future__ import annotations

import io
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from lineshaft.backend._hls.engine import Layout
from lineshaft.core.errors import Refused

DESCRIPTION, BEFORE, CORE, AFTER, LIBRARY = "core.json", "before.onnx", "core.onnx", "after.onnx", "emulation.so"
PROJECT = "project/"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip holds times; these are always the same
READABLE = 0o644 << 16


@dataclass(frozen=True, slots=True)
class Description:
    """What the artifact says of itself.

    ``machine`` is where the emulation runs; ``saturates`` where the core's input ends; ``notes`` the estimate.
    """

    layout: Layout
    machine: str
    compiler: str
    saturates: float
    notes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact taken apart."""

    description: Description
    before: bytes
    core: bytes
    after: bytes
    library: bytes


def this_machine() -> str:
    return f"{platform.system()} {platform.machine()}"


def pack(artifact: Artifact, project: Mapping[str, bytes]) -> bytes:
    """One zip, the same bytes for the same content."""
    files = {DESCRIPTION: msgspec.json.format(msgspec.json.encode(artifact.description, order="sorted"), indent=2),
             BEFORE: artifact.before, CORE: artifact.core, AFTER: artifact.after, LIBRARY: artifact.library,
             **{PROJECT + path: content for path, content in project.items()}}
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, READABLE, 3
            archive.writestr(entry, files[path])
    return found.getvalue()


def unpack(data: bytes) -> Artifact:
    """The parts of an artifact. Raises ``Refused`` for bytes that are none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            description = msgspec.json.decode(archive.read(DESCRIPTION), type=Description)
            parts = [archive.read(name) for name in (BEFORE, CORE, AFTER, LIBRARY)]
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, msgspec.DecodeError) as error:
        raise Refused(f"this is no artifact of the hls backend ({type(error).__name__})", where="artifact",
                      do="compile the graph again") from None
    return Artifact(description, *parts)
