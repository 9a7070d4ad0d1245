"""A shared library out of bytes: whole, for this processor, loaded under a name of its own, and given back."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import struct
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from lineshaft.core.errors import EnvironmentFailed

_DO = "compile the graph again on this machine"


def opened(library: bytes, kind: Callable[[str], ctypes.CDLL]) -> ctypes.CDLL:
    """Load a library of one's own for each engine, since it is bound to the engine's structs.

    The loader takes equal names for the same library, so each gets a new one; the code itself stays in memory where
    the system can do that, since a folder for temporary files may not hold code. What was loaded is given back when
    nothing refers to it any more, its functions included.
    """
    if not _whole(library):
        raise EnvironmentFailed("its library is damaged", where="artifact of the c backend", do=_DO)
    try:
        found = _loaded(library, kind)
    except OSError as error:
        why = str(error).rpartition(": ")[2].replace("No such file or directory", "it is for another kind of processor")
        raise EnvironmentFailed(f"its library can't be loaded on this machine ({why})",
                                where="artifact of the c backend", do=_DO) from None
    weakref.finalize(found, _given_back, found._handle).atexit = False
    return found


def _loaded(library: bytes, kind: Callable[[str], ctypes.CDLL]) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(prefix="lineshaft-c-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "step.so")
        if not hasattr(os, "memfd_create"):
            path.write_bytes(library)
            return kind(str(path))
        handle = os.memfd_create("lineshaft-step", os.MFD_CLOEXEC)
        try:
            with open(handle, "wb", closefd=False) as file:
                file.write(library)
            path.symlink_to(f"/proc/self/fd/{handle}")
            return kind(str(path))
        finally:
            os.close(handle)


def _given_back(handle: int) -> None:
    if hasattr(_ctypes, "dlclose"):
        _ctypes.dlclose(handle)


def _whole(library: bytes) -> bool:
    """Whether every segment of an ELF file is there: the loader maps one that isn't, and the process dies of it."""
    if library[:4] != b"\x7fELF":
        return len(library) > 0  # another system's format
    wide, order = library[4:5] == b"\2", "<" if library[5:6] == b"\1" else ">"
    table, sizes, place, length, word = (32, 54, 8, 32, "Q") if wide else (28, 42, 4, 16, "I")
    try:
        start, = struct.unpack_from(order + word, library, table)
        each, count = struct.unpack_from(order + "HH", library, sizes)
        spans = [[struct.unpack_from(order + word, library, start + n * each + at)[0] for at in (place, length)]
                 for n in range(count)]
    except struct.error:
        return False
    return all(at + size <= len(library) for at, size in spans)
