"""Vibration: blocks of fast samples, by spectrum, shape, loudness and the envelope at the machine's fault orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.knocks import Knocks
from lineshaft.model.blocks.loudness import Loudness
from lineshaft.model.blocks.signal import Samples
from lineshaft.model.blocks.spectrum import Spectrum
from lineshaft.model.blocks.statistics import Statistics
from lineshaft.model.diagnosis import Settings, Vibration, with_heads
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings as HeadSettings
from lineshaft.model.pipeline import Block
from lineshaft.model.supervised import Candidate

HEADS: dict[str, HeadSettings] = {"discriminant": {}, "forest": {}, "trees": {"trees": 100},
                                  "logistic": {"strength": 0.1}, "svm": {}, "bayes": {}, "neighbours": {}}


class OfSamples:
    """Three views: knocks with loudness (where orders are known), the spectrum with shapes, and all of it."""

    name: ClassVar[str] = "vibration"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        told = settings.vibration
        if told is None:
            return ()
        views = {"spectrum": _spectrum(told)}
        if told.orders:
            views = {"orders": _orders(told), "all": [*_orders(told), *_spectrum(told)], **views}

        def front(blocks: Sequence[Block]) -> Sequence[Block]:
            return (Guard(), Samples(told.sensors, told.samples), *blocks)

        found: list[Candidate] = []
        for view, blocks in views.items():
            found += with_heads(f"vibration {view}", HEADS, lambda blocks=blocks: front(blocks),  # type: ignore[misc]
                                view, examples, settings)
        return found


def _orders(told: Vibration) -> list[Block]:
    top = told.highest / told.rate
    return [Knocks(told.orders, told.rate, told.speed, told.speed_column, top), Loudness(top=top)]


def _spectrum(told: Vibration) -> list[Block]:
    return [Spectrum(top=told.highest / told.rate), Statistics(levels=False)]


LEARNER = OfSamples
