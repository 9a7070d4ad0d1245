"""A layout's files on disk: a folder, or one tar of it, both read with bounds and written atomically.

The tar is the one that ``write`` makes and no other: sorted names, no owner, no time, no compression. Anything
else that a tar can hold (links, devices, long names, padding with content) is refused on sight.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.core.whole import flush_folder

LIMIT_BYTES = 1 << 30  # also the largest that a header may claim; far above any step graph
LIMIT_FILES = 4096
ABANDONED_S = 3600.0
"""Who wrote a bundle for so long was killed."""
_BLOCK = 512
_RECORD = tarfile.RECORDSIZE


def is_tar(path: Path) -> bool:
    """Whether a bundle of this name is one file."""
    return path.suffix == ".tar"


def read(path: Path, limit_bytes: int = LIMIT_BYTES) -> dict[str, bytes]:
    """Every file of the layout by its path inside. Each byte is read once: what is checked is what is used."""
    if not path.exists():
        raise UsageError("there is no such bundle", where=str(path), do="check the path")
    source = _read_folder(path) if path.is_dir() else _read_tar(path)
    found: dict[str, bytes] = {}
    total = 0
    try:
        for name, size, file in source:
            total += size
            if total > limit_bytes or len(found) >= LIMIT_FILES:
                raise Refused(f"is larger than {limit_bytes >> 20} MiB or {LIMIT_FILES} files", where=str(path),
                              do="check where it comes from, or raise the limit")
            content = file.read(size)
            if len(content) != size:
                raise Refused(f"ends inside {name}", where=str(path), do="fetch the bundle again")
            if name in found:
                raise Refused(f"{name} is there twice", where=str(path), do="fetch the bundle again")
            found[name] = content
    except OSError as error:
        raise EnvironmentFailed(f"can't be read ({error.strerror})", where=str(path),
                                do="check the disk and the permissions") from error
    return found


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """All or nothing: the bundle appears under its name only when every byte is on disk."""
    _write(path, files, _write_tar_file if is_tar(path) else _write_folder)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """The same for plain files, whatever the folder is called."""
    _write(path, files, _write_folder)


def _write(path: Path, files: Mapping[str, bytes], how: Callable[[Path, Mapping[str, bytes]], None]) -> None:
    if path.exists():
        raise UsageError("exists already", where=str(path), do="choose another name, or remove it first")
    scratch = Path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        staged = scratch / path.name
        how(staged, files)
        _named(staged, path)
        flush_folder(path.parent)
    except FileExistsError:
        raise UsageError("exists already", where=str(path), do="choose another name, or remove it first") from None
    except OSError as error:
        raise EnvironmentFailed(f"can't be written ({error.strerror})", where=str(path),
                                do="check the disk and the permissions") from error
    finally:
        if scratch != Path():
            shutil.rmtree(scratch, ignore_errors=True)


def _sweep(path: Path) -> None:
    """What a process that was killed while it wrote this bundle left beside it; one that still writes is younger."""
    for left in path.parent.glob(f".{glob.escape(path.name)}-*"):
        if left.is_dir() and not left.is_symlink() and time.time() - left.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)


def _named(staged: Path, path: Path) -> None:
    """Its final name, unless someone else has taken that meanwhile."""
    if staged.is_dir():
        try:
            staged.rename(path)  # never over a folder with something in it
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise FileExistsError(error.errno, error.strerror, str(path)) from None
            raise
        return
    try:
        os.link(staged, path)  # where a rename would replace it
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        staged.rename(path)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(content)
            _flush(file)


def _write_tar_file(path: Path, files: Mapping[str, bytes]) -> None:
    with path.open("xb") as tar:
        for name in sorted(files):
            tar.write(_header(name, len(files[name])))
            tar.write(files[name])
            tar.write(bytes(-len(files[name]) % _BLOCK))
        tar.write(_end(tar.tell()))
        _flush(tar)


def _read_folder(folder: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    pending = [folder]
    while pending:
        for entry in sorted(os.scandir(pending.pop()), key=lambda e: e.name):
            name = Path(entry.path).relative_to(folder).as_posix()
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
                continue
            status = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{name} is a link or a special file", where=str(folder),
                              do="fetch the bundle again")
            with Path(entry.path).open("rb") as file:
                yield name, status.st_size, file


def _read_tar(path: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    with path.open("rb") as tar:
        length, last = path.stat().st_size, ""
        while (header := tar.read(_BLOCK)) != bytes(_BLOCK):
            name, size = _entry(header, str(path))
            if name <= last:
                raise Refused(f"{name} is out of order or twice in the archive", where=str(path),
                              do="fetch the bundle again")
            last, start = name, tar.tell()
            if start + size > length:
                raise Refused(f"ends inside {name}", where=str(path), do="fetch the bundle again")
            yield name, size, tar
            padding = -size % _BLOCK
            if tar.tell() != start + size or tar.read(padding) != bytes(padding):
                raise Refused(f"has stray bytes after {name}", where=str(path), do="fetch the bundle again")
        tar.seek(-_BLOCK, os.SEEK_CUR)
        end = _end(tar.tell())
        if tar.read(len(end) + 1) != end:
            raise Refused("has stray bytes after its end", where=str(path), do="fetch the bundle again")


def _entry(header: bytes, where: str) -> tuple[str, int]:
    """Name and size, once the header is exactly the one that ``write`` gives for them."""
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise Refused(f"is not a tar that Lineshaft wrote ({error})", where=where,
                      do="fetch the bundle again") from error
    parts = PurePosixPath(info.name).parts
    if not parts or info.name.startswith("/") or ".." in parts or "\\" in info.name:
        raise Refused(f"{info.name!r} points outside the bundle", where=where, do="do not use this file")
    if info.type != tarfile.REGTYPE:
        raise Refused(f"{info.name} is a link or a special file", where=where, do="do not use this file")
    if not 0 <= info.size < LIMIT_BYTES or header != _header(info.name, info.size):
        raise Refused(f"the tar header of {info.name} was changed", where=where, do="fetch the bundle again")
    return info.name, info.size


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def _end(position: int) -> bytes:
    """Two empty blocks, then up to a whole record, as POSIX has it."""
    return bytes(2 * _BLOCK + -(position + 2 * _BLOCK) % _RECORD)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
