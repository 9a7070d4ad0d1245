"""Task: what is learnt."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """The tasks of the design; ``INSPECT`` is about images, all others about tags."""

    MONITOR = "monitor"
    FORECAST = "forecast"
    DIAGNOSE = "diagnose"
    PROGNOSE = "prognose"
    INFER = "infer"
    SEGMENT = "segment"
    INSPECT = "inspect"
