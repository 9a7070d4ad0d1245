"""A small convolutional network on the signal itself: no features by hand (extra ``torch``; left out without it)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import ClassVar

from lineshaft.model.blocks.convolution import Convolution
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.signal import Flat, Recent, Samples
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.diagnosis import MOST_ROWS, Settings, Thinned, orders_alone
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block
from lineshaft.model.supervised import Candidate

SHORTEST = 256  # samples of a block: a shorter course has nothing that kernels would find


class OnSignal:
    """One network: of the longest window, or of the block."""

    name: ClassVar[str] = "convolution"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        told, channels, window = settings.vibration, len(examples.dataset.tags), max(settings.windows)
        length = told.samples if told else window
        if find_spec("torch") is None or length < (SHORTEST if told else 16) or (told and orders_alone(examples, told)):
            return ()
        shape = (told.sensors, told.samples) if told else (channels, window)

        def front() -> Sequence[Block]:
            if told:
                return (Guard(), Samples(told.sensors, told.samples, told.levels), Flat())
            return (Guard(), Modes(), Standardise(channels), Recent(window), Flat())

        def head() -> Block:
            return Thinned(Convolution(shape, len(examples.names), seed=settings.seed), MOST_ROWS)

        name = "convolution" if told else f"convolution {window}"
        return [Candidate(name, f"signal {shape[1]}", front, head, {} if told else {"window": window})]


LEARNER = OnSignal
