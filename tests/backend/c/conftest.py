"""Compilations whose speed is not the subject."""

from __future__ import annotations

import pytest

from lineshaft.backend._c import build


@pytest.fixture
def quickly_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated C is compiled with -O1; what ``compile`` really asks for runs in tests/contract and tests/fuzz."""
    monkeypatch.setattr(build, "FAST", ("-O1", *build.FAST[1:]))
