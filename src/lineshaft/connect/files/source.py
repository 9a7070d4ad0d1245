"""Which files are meant (path, folder, glob, inside an archive), and their bytes, unpacked."""

from __future__ import annotations

import bz2
import fnmatch
import glob
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, TypeVar, cast

from lineshaft.core.errors import EnvironmentFailed, LineshaftError, UsageError

Where = str | Path | Sequence[str | Path]
T = TypeVar("T")

_PACKED = (".gz", ".bz2", ".xz", ".zst")
_TABLES = (".csv", ".tsv", ".txt", ".dat", ".asc", ".tab", ".parquet", ".pq")
_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip")
_ARCHIVE_LIMIT = 1 << 30
RESULTS = ".lineshaft-results"
"""A folder that holds a file of this name is no export: Lineshaft wrote it."""


READ_ERRORS = (EOFError, zlib.error, lzma.LZMAError, OSError)


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: ``name`` as a person would point at it, ``open`` gives its unpacked bytes."""

    name: str
    path: Path | None
    open: Callable[[], BinaryIO]

    def head(self, size: int) -> bytes:
        """The first bytes, unpacked."""
        try:
            with self.open() as raw:
                return _filled(raw, size)
        except READ_ERRORS as error:
            raise reading_failed(self.name, error) from error

    @property
    def stem(self) -> str:
        """The file's own name without folders and endings: ``/x/FS1.txt.gz`` is ``FS1``."""
        name = self.name.replace("\\", "/").rsplit("/", 1)[-1]
        for ending in (*_PACKED, *_TABLES):
            if name.lower().endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)]
        return name


def _filled(raw: BinaryIO, size: int) -> bytes:
    head = b""
    while len(head) < size and (more := raw.read(size - len(head))):
        head += more
    return head


def reading_failed(name: str, error: Exception) -> LineshaftError:
    """The sentence for a disk that fails or a packed file that breaks off."""
    if isinstance(error, OSError) and error.errno is not None:
        return EnvironmentFailed(
            f"reading failed ({error.strerror})", where=name, do="check the disk or the network share"
        )
    return UsageError(
        f"the packed file is damaged or incomplete ({error})", where=name, do="copy or download it again"
    )


def find(where: Where) -> list[Source]:
    """The files meant, in natural order (``d2`` before ``d10``), each once."""
    several = [where] if isinstance(where, str | Path) else list(where)
    if not several:
        raise UsageError("no file was given", do="name a file, a folder or a glob such as 'export/*.csv'")
    found = [source for one in several for source in _one(str(one))]
    return list({source.name: source for source in found}.values())


def _one(where: str) -> list[Source]:
    if "\0" in where:
        raise UsageError(f"{where!r} is not a file name")
    path = Path(where.removeprefix("file://")).expanduser()
    try:
        if path.is_dir():
            return _folder(path)
        if path.exists():
            return _file(path)
    except PermissionError as error:
        raise _no_permission(str(path)) from error
    except OSError as error:
        raise UsageError(f"cannot be opened ({error.strerror})", where=where) from error
    inside = _inside_archive(path)
    if inside is not None:
        return inside
    matches = sorted(_globbed(str(path)), key=natural) if glob.has_magic(str(path)) else []
    if not matches:
        kind = "no file matches this pattern" if glob.has_magic(str(path)) else "there is no such file"
        raise UsageError(
            kind, where=where, do="check the path; a folder or a glob such as 'export/*.csv' works too"
        )
    return [source for match in matches if Path(match).is_file() for source in _file(Path(match))]


def _globbed(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern


def natural(text: str) -> list[tuple[int, str]]:
    """Sort key in which numbers count as numbers.

    >>> sorted(["d10", "d2", "a"], key=natural)
    ['a', 'd2', 'd10']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d+)", text)]


def _folder(folder: Path) -> list[Source]:
    tables = [path for path in folder.rglob("*") if is_table(path.name) and path.is_file()]
    apart = {inner for path in tables for inner in _below(folder, path)
             if inner.name.startswith(".") or (inner / RESULTS).exists()}
    names = sorted((str(path) for path in tables if not apart & set(_below(folder, path))), key=natural)
    if not names:
        raise UsageError(
            "the folder holds no table",
            where=str(folder),
            do="put CSV or Parquet files there, or name one of its archives or files",
        )
    return [source for name in names for source in _file(Path(name))]


def _below(folder: Path, path: Path) -> list[Path]:
    """The folders between a folder and a file in it."""
    return [inner for inner in path.parents if folder in inner.parents]


def is_table(name: str) -> bool:
    """Whether a file's ending is one that a table has."""
    low = name.lower()
    for ending in _PACKED:
        low = low.removesuffix(ending)
    hidden = name.startswith((".", "~", "_SUCCESS"))
    return not hidden and low.endswith(_TABLES)


def _file(path: Path) -> list[Source]:
    if not path.is_file():
        raise UsageError("this is not a regular file", where=str(path), do="export to a file first")
    if _is_archive(path):
        return _members(path, "*")
    return [Source(str(path), path, lambda: unpack(_raw(path), str(path)))]


def _raw(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except PermissionError as error:
        raise _no_permission(str(path)) from error
    except OSError as error:
        raise EnvironmentFailed(f"cannot be read ({error.strerror})", where=str(path)) from error


def _no_permission(where: str) -> LineshaftError:
    return EnvironmentFailed(
        "reading is not permitted",
        where=where,
        do="give this user the right to read it, or close the program that locks it",
    )


class _Unpacked(io.BufferedReader):
    """Unpacked bytes that close the packed file with themselves, which the standard library's readers do not."""

    def __init__(self, packed: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, raw: BinaryIO) -> None:
        super().__init__(cast(io.RawIOBase, packed))  # they offer readinto, which is all that is asked of them
        self._under = raw

    def close(self) -> None:
        super().close()
        self._under.close()


def unpack(raw: BinaryIO, name: str) -> BinaryIO:
    """The bytes behind gzip, bzip2 or xz, told by their first bytes and not by the file's ending."""
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return _Unpacked(gzip.GzipFile(fileobj=raw), raw)
    if head.startswith(b"BZh"):
        return _Unpacked(bz2.BZ2File(raw), raw)
    if head.startswith(b"\xfd7zXZ"):
        return _Unpacked(lzma.LZMAFile(raw), raw)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raw.close()
        raise UsageError("the file is packed with Zstandard", where=name, do="unpack it, or pack it with gzip")
    return raw


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(_ARCHIVES) and path.is_file()


def _inside_archive(path: Path) -> list[Source] | None:
    for parent in path.parents:
        if _is_archive(parent):
            return _members(parent, path.relative_to(parent).as_posix())
    return None


def _members(archive: Path, pattern: str) -> list[Source]:
    """Tables of an archive, unpacked into memory in one pass (a tar.gz can't be entered in the middle)."""
    try:
        zipped = zipfile.is_zipfile(archive)
        held = dict(_zip(archive, pattern) if zipped else _tar(archive, pattern))
    except (*READ_ERRORS, tarfile.TarError, zipfile.BadZipFile, RuntimeError, ValueError) as error:
        first = (str(error).splitlines() or ["it breaks off"])[0].rstrip(":")
        raise UsageError(
            f"the archive can't be unpacked ({first})",
            where=str(archive),
            do="check that its download or copy is complete",
        ) from error
    if not held:
        raise UsageError(
            f"the archive holds no table that matches {pattern!r}",
            where=str(archive),
            do="name a member, such as archive.tar.gz/run1.csv or archive.tar.gz/*_te.dat",
        )
    return [_member(archive, name, held[name]) for name in sorted(held, key=natural)]


def _member(archive: Path, name: str, content: bytes) -> Source:
    full = f"{archive}/{name}"
    return Source(full, None, lambda: unpack(io.BytesIO(content), full))


def _tar(archive: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        entries = ((m.name, m.size, m) for m in tar if m.isfile() and _wanted(m.name, pattern))
        for name, size, entry in _bounded(entries, archive):
            stream = tar.extractfile(entry)
            if stream is not None:
                yield name, _read(stream, size)


def _zip(archive: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as packed:
        entries = ((i.filename, i.file_size, i) for i in packed.infolist() if _wanted(i.filename, pattern))
        for name, size, entry in _bounded(entries, archive):
            with packed.open(entry) as stream:
                yield name, _read(stream, size)


def _wanted(name: str, pattern: str) -> bool:
    own = name.removeprefix("./")
    hit = fnmatch.fnmatch(own, pattern) or fnmatch.fnmatch(own.rsplit("/", 1)[-1], pattern)
    return hit and (is_table(own.rsplit("/", 1)[-1]) or own == pattern)


def _bounded(entries: Iterable[tuple[str, int, T]], archive: Path) -> Iterator[tuple[str, int, T]]:
    held = 0
    for name, size, entry in entries:
        held += size
        if held > _ARCHIVE_LIMIT:
            raise UsageError(
                "the archive unpacks to more than 1 GiB",
                where=str(archive),
                do="unpack it into a folder and name that",
            )
        yield name, size, entry


def _read(stream: IO[bytes], size: int) -> bytes:
    return stream.read(size)
