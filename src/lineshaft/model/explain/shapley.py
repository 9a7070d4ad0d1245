"""Shapley values of any game by weighted least squares; with all coalitions they are exact.

Lundberg and Lee, NeurIPS 2017; coalitions drawn in pairs as Covert and Lee, AISTATS 2021. The values of the players add
up to what the whole coalition gains over the empty one, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError

Matrix = NDArray[np.float64]
Coalitions = NDArray[np.bool_]
Game = Callable[[Coalitions], Matrix]
"""(who takes part [M, players]) -> worth [M, V]."""
BUDGET = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Shapley:
    """``values`` [players, V]; ``empty`` and ``whole`` [V] are worths, whose difference the values sum to.

    ``exact`` says that every coalition was asked; else the values are estimates.
    """

    values: Matrix
    empty: Matrix
    whole: Matrix
    exact: bool


def shapley(game: Game, players: int, *, budget: int = BUDGET, seed: int = 0) -> Shapley:
    """Ask at most ``budget`` coalitions besides the empty and the whole one: all of them where they are so few.

    Estimates are exact as well where the game is additive. Raises ``UsageError`` for a budget below 2 a player where
    not all can be asked.

    >>> found = shapley(lambda who: who @ np.array([[3.0], [1.0]]) + (who.all(axis=1) * 2.0)[:, None], 2)
    >>> found.values[:, 0].round(6).tolist(), found.exact
    ([4.0, 2.0], True)
    """
    ends = game(np.array([[False] * players, [True] * players]))
    empty, gain = ends[0], ends[1] - ends[0]
    if players == 1:
        return Shapley(gain[None], empty, ends[1], True)
    exact = 2**players - 2 <= budget
    if not exact and budget < 2 * players:
        raise UsageError(f"{budget} coalitions are too few for {players} tags", where="budget",
                         do=f"give at least {2 * players}")
    who, weight = coalitions(players, budget, seed)
    worth = game(who) - empty
    return Shapley(_fitted(who, weight, worth, gain), empty, ends[1], exact)


def coalitions(players: int, budget: int, seed: int = 0) -> tuple[Coalitions, Matrix]:
    """Who takes part [M, players], and how much each counts [M].

    The smallest and largest sizes are asked whole as far as the budget goes, and the sizes between in random pairs of a
    coalition and its complement.
    """
    found: list[Coalitions] = []
    weights: list[Matrix] = []
    size = 1
    while size <= players // 2:
        many = comb(players, size) * (1 if 2 * size == players else 2)
        if many > budget:
            break
        part = _all_of_size(players, size)
        found.append(part)
        weights.append(np.full(len(part), _weight(players, size) / comb(players, size)))
        budget, size = budget - many, size + 1
    left = np.array([_weight(players, k) for k in range(size, players - size + 1)])
    if len(left) and budget >= 2:
        drawn = _drawn(players, np.arange(size, players - size + 1), left, budget // 2, np.random.default_rng(seed))
        found.append(drawn)
        weights.append(np.full(len(drawn), float(left.sum()) / len(drawn)))
    return np.concatenate(found), np.concatenate(weights)


def linear(weights: Matrix, row: Matrix, background: Matrix) -> Matrix:
    """Shapley values [C, V] of ``row @ weights`` in closed form: weights times the distance from the background's mean.
    """
    return np.asarray(weights * (row - background.mean(axis=0))[:, None])


def _weight(players: int, size: int) -> float:
    """The kernel's weight of all coalitions of one size together."""
    return (players - 1) / (size * (players - size))


def _all_of_size(players: int, size: int) -> Coalitions:
    """Every coalition of ``size``, and of the complements where these are of another size."""
    places = np.array(list(combinations(range(players), size)))
    chosen = np.zeros((len(places), players), np.bool_)
    np.put_along_axis(chosen, places, True, axis=1)
    return chosen if 2 * size == players else np.concatenate([chosen, ~chosen])


def _drawn(players: int, sizes: NDArray[np.intp], weight: Matrix, pairs: int, random: np.random.Generator
           ) -> Coalitions:
    chosen = random.choice(sizes, pairs, p=weight / weight.sum())
    order = random.random((pairs, players)).argsort(axis=1).argsort(axis=1)
    some = order < chosen[:, None]
    return np.concatenate([some, ~some])


def _fitted(who: Coalitions, weight: Matrix, worth: Matrix, gain: Matrix) -> Matrix:
    """The additive game nearest to the asked one among those whose values sum to ``gain``."""
    member = who.astype(np.float64)
    design = member[:, :-1] - member[:, -1:]
    wanted = worth - member[:, -1:] * gain
    root = np.sqrt(weight)[:, None]
    most = np.linalg.lstsq(root * design, root * wanted, rcond=None)[0]
    return np.concatenate([most, gain[None] - most.sum(axis=0, keepdims=True)])
