"""The word to the service manager, over a real socket."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineshaft.app import supervised
from lineshaft.app.supervised import notify

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no local sockets here")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(60)
        monkeypatch.setenv(supervised.SOCKET, str(tmp_path / "notify"))
        monkeypatch.setenv(supervised.EVERY, "100000")
        monkeypatch.setenv(supervised.WHOSE, str(os.getpid()))
        yield heard


async def _heard(manager: socket.socket) -> str:
    return (await asyncio.to_thread(manager.recv, 100)).decode()


async def test_it_is_ready_lives_and_ends(manager: socket.socket) -> None:
    async with supervised.supervised():
        assert [await _heard(manager) for _ in range(4)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert [await _heard(manager) for _ in range(1)][-1] in ("WATCHDOG=1", "STOPPING=1")


async def test_a_loop_that_hangs_gives_no_sign_of_life(manager: socket.socket) -> None:
    async with supervised.supervised():
        for _ in range(2):
            await _heard(manager)
        time.sleep(0.5)  # noqa: ASYNC251 (the hang itself)
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            for _ in range(2):  # one may have been on its way
                manager.recv(100)


async def test_another_processs_watchdog_is_none_of_ours(manager: socket.socket, monkeypatch: pytest.MonkeyPatch
                                                         ) -> None:
    monkeypatch.setenv(supervised.WHOSE, "1")
    async with supervised.supervised():
        assert await _heard(manager) == "READY=1"
        await asyncio.sleep(0)
    assert await _heard(manager) == "STOPPING=1"


def test_a_manager_that_is_away_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(supervised.SOCKET, raising=False)
    assert notify("READY=1") is False
    monkeypatch.setenv(supervised.SOCKET, str(tmp_path / "nobody"))
    assert notify("READY=1") is False
