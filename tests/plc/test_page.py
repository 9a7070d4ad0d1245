"""The page on Structured Text says what the interpreter takes, and shows what the backend prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from lineshaft.plc.check_unit import library
from lineshaft.plc.datatypes import ELEMENTARY
from lineshaft.plc.standard import FUNCTIONS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "structured-text.md").read_text("utf-8")


def test_the_page_names_every_standard_function_and_block() -> None:
    words = set(re.findall(r"\w+", PAGE))
    counters = {f"{name}_{kind}" for name in ("CTU", "CTD", "CTUD") for kind in ("DINT", "LINT", "UDINT", "ULINT")}
    assert set(FUNCTIONS) <= words
    assert {name.upper() for name in library()} - counters <= words
    assert {"BOOL", "REAL", "LREAL", "TIME", "STRING"} <= words & ELEMENTARY.keys()


def test_the_block_that_the_page_shows_is_what_its_example_prints() -> None:
    pytest.importorskip("onnx", reason="compiling needs the extra learn")
    example = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    shown = re.findall(r"^```\n(FUNCTION_BLOCK.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example, {})
    assert shown in printed.getvalue()
