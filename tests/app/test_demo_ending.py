"""A demo that is told to end ends, whatever it waited for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from lineshaft.app.demo.run import unless_ended


async def test_word_to_end_that_a_wait_forgot_holds_at_the_next_step() -> None:
    waits = asyncio.Event()

    async def stage() -> str:
        waits.set()
        with suppress(asyncio.CancelledError):  # as wait_for of Python 3.11 does where its answer is just there
            await asyncio.Event().wait()
        unless_ended()
        return "went on"

    task = asyncio.create_task(stage())
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nobody_having_said_so_it_goes_on() -> None:
    unless_ended()
