"""What a model says at every tick, whatever its task: wires of the step graph that mean the same to everybody.

``score`` [1], ``alarm`` [1], ``cause`` [C] and ``confidence`` [1] are said by every model; the others where the task
has a value. ``value`` [V] is the answer itself (forecasts, probabilities of classes, remaining life, a soft sensor's
reading, membership of modes), ``low`` and ``high`` [V] its interval at the stated coverage, ``known`` [1] is 0 where
the model says "I do not know": the input is unlike anything it learnt from, or no answer is sure enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.core.answer import HIGH, KNOWN, LOW, VALUE, Answer
from lineshaft.core.task import Task
from lineshaft.model.evaluate.reliability import Mark

ALWAYS = ("score", "alarm", "cause", "confidence")
WITH_VALUE = (VALUE, LOW, HIGH, KNOWN, *ALWAYS)


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate did in validation: ``loss`` (less is better) with its interval, of ``folds`` [K] each.

    ``reason`` says why it was not tried or not finished, empty when it was; ``seconds`` is what learning it took.
    """

    name: str
    loss: float = float("inf")
    low: float = float("inf")
    high: float = float("inf")
    folds: tuple[float, ...] = ()
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted model of any task but ``monitor``: its graph, what its values mean, and why it is this one.

    ``window`` is how many ticks it needs to be warm; ``figures`` are held-out figures by name,
    ``reliability`` says how often what it is sure of comes true (empty where too few rows could tell).
    """

    task: Task
    learner: str
    graph: bytes
    answers: tuple[Answer, ...]
    why: str
    trials: tuple[Trial, ...]
    window: int
    figures: dict[str, float]
    seed: int = 0
    reliability: tuple[Mark, ...] = ()
