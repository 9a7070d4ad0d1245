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
    """(name, content) of every file below ``folder``, archives opened and .gz unpacked."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                for member in archive.getmembers():
                    held = archive.extractfile(member)
                    if held is not None:
                        yield member.name, held.read()
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for inner in packed.namelist():
                    yield inner, packed.read(inner)
        elif path.suffix == ".gz":
            yield name.removesuffix(".gz"), gzip.decompress(path.read_bytes())
        else:
            yield name, path.read_bytes()


def skab(folder: Path) -> dict[str, tuple[Matrix, NDArray[np.int8], list[str]]]:
    """Every experiment with labels: values [N, 8], anomaly [N], tag names."""
    found = {}
    for name, content in members(folder):
        if not name.endswith(".csv"):
            continue
        lines = content.decode("utf-8").splitlines()
        header = lines[0].split(";")
        if "anomaly" not in header:
            continue
        tags = [i for i, column in enumerate(header) if column not in ("datetime", "anomaly", "changepoint")]
        rows = [line.split(";") for line in lines[1:] if line]
        found[name] = (np.array([[float(row[i]) for i in tags] for row in rows]),
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
