"""Several named files as one artifact whose bytes depend on nothing but theirs."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping

from lineshaft.core.errors import Refused

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of the format; a clock here would change the digest of equal artifacts

LARGEST = 1 << 30  # bytes of all files; what a bundle may hold in all


def pack(files: Mapping[str, bytes]) -> bytes:
    """An uncompressed zip; layers are compressed where bundles are stored."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), files[name])
    return stream.getvalue()


def unpack(artifact: bytes) -> dict[str, bytes]:
    """Files by name. Raises ``Refused`` for bytes that are no archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise ValueError(f"more than {LARGEST >> 20} MiB unpacked")
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise Refused(f"the artifact is damaged: {error}", do="pack the bundle again") from error
