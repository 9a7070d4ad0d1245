"""A demo that is told to end ends, whatever it waited for."""

from __future__ import annotations

import asyncio

import pytest

from lineshaft.app.demo.run import unless_ended


async def test_word_to_end_that_a_wait_forgot_holds_at_the_next_step() -> None:
    waits = asyncio.Event()

    async def stage() -> str:
        waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:  # as wait_for of Python 3.11 does where its answer is there at that moment
            pass
        unless_ended()
        return "went on"

    task = asyncio.create_task(stage())
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nobody_having_said_so_it_goes_on() -> None:
    unless_ended()
