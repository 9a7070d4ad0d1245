"""What a model says, in words: values with their units and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lineshaft.core.answer import Answer
from lineshaft.core.decision import Decision

MOST = 8
NOT_KNOWN = "not known"


def figure(value: float) -> str:
    """Four digits, as many as a person reads.

    >>> figure(64.53127), figure(0.00012345), figure(12345.6)
    ('64.53', '0.0001234', '1.235e+04')
    """
    return f"{value:.4g}"


def numbered(name: str) -> str:
    """A figure's name as words.

    >>> numbered("held_out_rmse")
    'held out rmse'
    """
    return name.replace("_", " ")


def value(answer: Answer, number: float, low: float | None = None, high: float | None = None) -> str:
    """One answer with its interval and unit.

    >>> value(Answer("NOX", "mg/m3"), 64.5, 61.0, 68.0), value(Answer("worn"), 0.9), value(Answer("load", "kW", 3), 7.0)
    ('NOX 64.5 (61 to 68) mg/m3', 'worn 0.9', 'load+3 7 kW')
    """
    between = f" ({figure(low)} to {figure(high)})" if low is not None and high is not None else ""
    return f"{answer.label} {figure(number)}{between}{f' {answer.unit}' if answer.unit else ''}"


def words(decision: Decision, most: int = MOST) -> str:
    """All of a decision's values, the first of very many; empty where its task has none.

    >>> words(Decision("soft", "", 0, 0.1, False, answers=(Answer("NOX", "mg/m3"),), values=(64.5,), known=False))
    'not known; at a guess NOX 64.5 mg/m3'
    """
    if not decision.answers:
        return ""
    none = (None,) * len(decision.values)
    return _said([value(*one) for one in zip(decision.answers, decision.values, decision.low or none,
                                             decision.high or none, strict=False)], decision.known, most)


def words_of(answer: Mapping[str, Any], most: int = MOST) -> str:
    """The same of what a node's status says.

    >>> words_of({"time": 0, "known": True, "values": [
    ...     {"name": "NOX", "unit": "mg/m3", "ahead": 0, "value": 64.5, "low": 61.0, "high": 68.0}], "more": 0})
    'NOX 64.5 (61 to 68) mg/m3'
    """
    told = [value(Answer(one["name"], one["unit"], one["ahead"]), one["value"], one["low"], one["high"])
            for one in answer["values"]]
    return _said(told, answer["known"], most, answer["more"])


def _said(told: Sequence[str], known: bool, most: int, more: int = 0) -> str:
    more += max(len(told) - most, 0)
    said = ", ".join(told[:most]) + (f" and {more} more" if more else "")
    if known:
        return said
    return f"{NOT_KNOWN}; at a guess {said}" if said else NOT_KNOWN
