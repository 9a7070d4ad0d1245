"""Callers of the console who are too many or too slow, over a real socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from lineshaft.app.console import bounded


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (said := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": said["text"]})
        return
    while scope["path"] != "/early" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(bounded, "REQUEST_S", 0.3)
    monkeypatch.setattr(bounded, "MOST_CONNECTIONS", 2)
    server = uvicorn.Server(uvicorn.Config(_app, port=0, log_level="error", lifespan="off",
                                           http=bounded.BoundedProtocol, ws="websockets-sansio"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        await server.shutdown()


ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_request_that_trickles_is_cut_off_and_one_that_comes_whole_is_not(
        monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):  # the second after a wait that is longer than a request may take
            writer.write(ASK)
            assert b"200" in await reader.readuntil(b"ok")
            await asyncio.sleep(0.4)
        writer.write(ASK[:-2])
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


async def test_a_socket_that_stays_open_is_no_slow_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch) as port, connect(f"ws://127.0.0.1:{port}/") as screen:
        for _ in range(2):
            await screen.send("alive")
            assert await asyncio.wait_for(screen.recv(), 60) == "alive"
            await asyncio.sleep(0.5)  # longer than a request may take


async def test_a_connection_that_says_nothing_and_one_too_many_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 60)
        writer.close()
        for quiet, end in silent:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(quiet.readexactly(1), 60)
            end.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK)
        assert b"200" in await reader.readuntil(b"ok")
        writer.close()


async def test_who_turns_to_nonsense_once_they_are_answered_is_let_go_without_a_fault_of_ours(
        monkeypatch: pytest.MonkeyPatch) -> None:
    faults = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told))
    async with served(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert b"200" in await reader.readuntil(b"ok")
        writer.write(b"no chunk\r\n")
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
    assert faults == []


@pytest.mark.parametrize("path", [b"/", b"/early"])
async def test_nonsense_behind_a_head_is_answered_once_and_the_work_on_it_ends_quietly(
        path: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async with served(monkeypatch) as port:
        logging.getLogger("uvicorn.error").addHandler(caplog.handler)  # it hands nothing on
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n")
        answer = await asyncio.wait_for(reader.read(), 60)
        assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1") == 1
        writer.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
