"""Waiting for one of several things: a moment, a stop, the end of a work; and not waiting for what was given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but no longer than until ``stop``."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def first(*works: Coroutine[Any, Any, object]) -> None:
    """Until one of them is over; the others are given up. Raises what the one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def aside(work: Callable[_P, _T], *words: _P.args, **named: _P.kwargs) -> _T:
    """Long work in a thread that the end of the process doesn't wait for, as it would with ``asyncio.to_thread``.

    Whoever presses Ctrl-C in the middle of learning has the prompt back at once; what the work was about to give is
    given up, so it must not be work that has to be finished.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def tell(settle: Callable[[Any], None], told: object) -> None:
        if not answer.done():  # else it was cancelled meanwhile
            settle(told)

    def run() -> None:
        try:
            settle, told = answer.set_result, work(*words, **named)
        except BaseException as error:  # noqa: BLE001 (it is raised where it is awaited)
            settle, told = answer.set_exception, error  # type: ignore[assignment]
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, settle, told)

    threading.Thread(target=run, name="lineshaft-aside", daemon=True).start()
    return await answer
