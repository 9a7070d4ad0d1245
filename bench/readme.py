"""Figures quoted in prose are copied from ``bench/results/*.json``, never typed.

A quotation stands between two HTML comments, which no reader sees: ``<!-- skab.far:.1% -->12.9%<!-- / -->``. Before
the colon is the benchmark and the path of the figure in it, after it a format of Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

PAGES = ("README.md", "README.zh-CN.md")
_QUOTED = re.compile(r"(<!-- ([a-z_]+)\.([\w.]+):(\S*) -->).*?(<!-- / -->)")


def quote(page: str, results: Mapping[str, Any]) -> str:
    """The page with every quoted figure as it was measured; figures without a result stay as they are.

    >>> quote("F1 <!-- skab.f1:.2f -->0.5<!-- / -->", {"skab": {"f1": 0.829}})
    'F1 <!-- skab.f1:.2f -->0.83<!-- / -->'
    """
    def measured(found: re.Match[str]) -> str:
        mark, bench, path, shape, end = found.groups()
        if bench not in results:
            return found[0]
        value = reduce(lambda part, key: part[key], path.split("."), results[bench])
        return f"{mark}{value:{shape}}{end}"

    return _QUOTED.sub(measured, page)


def figures(folder: Path) -> dict[str, Any]:
    """The figures of every kept result, by benchmark."""
    return {path.stem: json.loads(path.read_text("utf-8"))["figures"] for path in sorted(folder.glob("*.json"))}


def refresh(root: Path) -> None:
    """Bring the figures in the pages up to date with ``bench/results``."""
    found = figures(root / "bench" / "results")
    for page in PAGES:
        path = root / page
        path.write_text(quote(path.read_text("utf-8"), found), "utf-8")
