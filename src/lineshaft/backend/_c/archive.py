"""The archive that ``compile`` makes: sources, layout, and the library for the machine that compiled it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from lineshaft.core.errors import Refused

LAYOUT = "layout.json"
LARGEST = 1 << 30  # bytes of all files; what a bundle may hold in all


def pack(files: Mapping[str, bytes]) -> bytes:
    """Equal files give equal bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def unpack(artifact: bytes) -> dict[str, bytes]:
    """Files by name. Raises ``Refused`` for what ``pack`` did not make."""
    try:
        with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise ValueError(f"more than {LARGEST >> 20} MiB unpacked")
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise Refused(f"is no artifact of the c backend ({error})", do="compile the graph again") from None
    if LAYOUT not in files:
        raise Refused("is no artifact of the c backend (it has no layout)", do="compile the graph again")
    return files


def layout(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What ``compile`` wrote of the struct; ``Refused`` where that can't be read."""
    try:
        return msgspec.json.decode(files[LAYOUT], type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(f"is no artifact of the c backend (its layout: {error})", do="compile the graph again") from None
