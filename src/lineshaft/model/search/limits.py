"""What a search may take."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_S = 600.0
NO_TIME = "there was no time left for it"


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` for all, at most so many ``trials`` (candidates; 0: all), one ``learner`` or "auto".

    ``share`` of the time is the most that one job may take, where what does it can be stopped. Of the time
    ``before_s`` went by before the search began, and ``after_s`` are kept for what whoever searches does with the
    model.
    """

    seconds: float = DEFAULT_S
    trials: int = 0
    learner: str = "auto"
    share: float = 0.25
    before_s: float = 0.0
    after_s: float = 0.0
