"""The console beside a run, where it is not installed."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from lineshaft.app.attendant import Attendant
from lineshaft.app.talk import Talk


async def test_a_console_that_is_not_installed_is_one_line_and_no_more(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lineshaft.app.attendant.find_spec", lambda _: None)
    said = io.StringIO()
    attendant = Attendant(tmp_path, Talk(console=Console(file=said, width=500)))
    await asyncio.wait_for(attendant.run(asyncio.Event()), 60)
    assert attendant.settled.is_set() and not attendant.url
    assert said.getvalue().count("\n") == 1 and "pip install 'lineshaft[console]'" in said.getvalue()
