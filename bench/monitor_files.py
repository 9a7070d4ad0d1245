"""Readers of the two monitoring benchmarks: files as found, gzipped or not, in archives or not."""

from __future__ import annotations

import gzip
import io
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file below ``folder``; archives and compressed files opened, also inside others."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield from unpacked(path.relative_to(folder).as_posix(), path.read_bytes())


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The file itself, or what is in it."""
    if content[:2] == b"\x1f\x8b":
        yield from unpacked(re.sub(r"\.gz$", "", name.replace(".tgz", ".tar")), gzip.decompress(content))
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for inner in packed.namelist():
                if not inner.endswith("/"):
                    yield from unpacked(inner, packed.read(inner))
    elif content[257:262] == b"ustar" or name.endswith(".tar"):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive.getmembers():
                held = archive.extractfile(member)
                if held is not None:
                    yield from unpacked(member.name, held.read())
    else:
        yield name, content


def skab(folder: Path) -> dict[str, tuple[Matrix, NDArray[np.int8], list[str]]]:
    """Every experiment with labels: values [N, 8], anomaly [N], tag names."""
    found = {}
    for name, content in members(folder):
        if not name.endswith(".csv"):
            continue
        lines = content.decode("utf-8-sig").splitlines()
        header = lines[0].split(";") if lines else []
        if "anomaly" not in header:
            continue
        tags = [i for i, column in enumerate(header) if column not in ("datetime", "anomaly", "changepoint")]
        rows = [line.split(";") for line in lines[1:] if line]
        found[name] = (np.array([[float(row[i] or "nan") for i in tags] for row in rows]),
                       np.array([float(row[header.index("anomaly")]) for row in rows]).astype(np.int8),
                       [header[i] for i in tags])
    if not found:
        sys.exit(f"{folder}: no SKAB experiment (a CSV with ';' and a column 'anomaly'); pass --data with its folder")
    return found


def tep(folder: Path) -> dict[str, Matrix]:
    """Every run by name (d00, d00_te, d01_te, ...) as [samples, 52]; d00 lies transposed in its file."""
    found = {}
    for name, content in members(folder):
        match = re.search(r"(d\d\d(?:_te)?)\.dat$", name)
        if match:
            values = np.loadtxt(io.StringIO(content.decode("ascii")))
            found[match[1]] = values.T if values.shape[0] == 52 else values
    if not {"d00", "d00_te"} <= set(found):
        sys.exit(f"{folder}: d00.dat and d00_te.dat are not here; pass --data with the folder of the Braatz files")
    return found
