"""A search in a process of its own, which says a word at each step so that a test can kill it there."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.model.search.small import Small, examples

from lineshaft.backend.onnxruntime import execute
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.run import search

if __name__ == "__main__":
    found = search(Small(bad=("raises", "nan")), examples(), execute, journal=Journal(Path(sys.argv[1]), "k"),
                   watch=lambda board: print(board.doing, flush=True))
    Path(sys.argv[1]).with_suffix(".onnx").write_bytes(found.fitted.graph)
