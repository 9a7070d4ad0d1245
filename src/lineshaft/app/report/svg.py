"""Paths for charts: any number of samples in, at most a few thousand points out.

All x are columns 0..WIDTH and all y are 0 (top)..HEIGHT; the page stretches the drawing to its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.report.axis import Scale

WIDTH, HEIGHT = 1000, 100
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """N samples spread over ``columns`` pixel columns. ``x`` float64 [N] 0..columns, never falling;
    ``pieces`` int64 [N]: samples of one unbroken piece share a number, no line joins two of them.

    ``first`` [K] is the first sample of each column that has any, ``column`` [K] which column that is.
    """

    x: Floats
    pieces: NDArray[np.int64]
    columns: int
    first: NDArray[np.intp]
    column: NDArray[np.intp]

    @classmethod
    def over(cls, share: Floats, pieces: NDArray[np.int64], columns: int = WIDTH) -> Grid:
        """Samples at ``share`` (0 left, 1 right) of the width."""
        x = np.clip(share, 0.0, 1.0) * columns
        place = np.minimum(x.astype(np.intp), columns - 1)
        column, first = np.unique(place, return_index=True)
        return cls(x, pieces, columns, first, column)

    @property
    def dense(self) -> bool:
        """Whether columns hold several samples, so that a line is its least and most a column."""
        return len(self.x) > 2 * len(self.column) + 2


def trace(grid: Grid, value: Floats, scale: Scale) -> str:
    """A line through ``value`` (NaN breaks it): every column's least and most where samples are many."""
    if not len(value) or not np.isfinite(value).any():
        return ""
    return _envelope(grid, value, scale) if grid.dense else _points(grid, value, scale)


def ribbon(grid: Grid, low: Floats, high: Floats, scale: Scale) -> str:
    """The area between two lines; NaN of either breaks it."""
    least = np.fmin.reduceat(np.where(np.isfinite(high), low, np.nan), grid.first)
    most = np.fmax.reduceat(np.where(np.isfinite(low), high, np.nan), grid.first)
    there = np.isfinite(least) & np.isfinite(most)
    x = ((grid.column + 0.5) * (WIDTH / grid.columns)).astype(np.float64)
    bottom, top = (HEIGHT * (1 - scale(side.astype(np.float64))) for side in (least, most))
    piece = grid.pieces[grid.first]
    cuts = np.flatnonzero(~there[1:] | ~there[:-1] | (np.diff(piece) != 0)) + 1
    parts = [part for part in np.split(np.arange(len(x)), cuts) if there[part].all()]
    return "".join(_area(x[part], top[part], bottom[part]) for part in parts)


def _area(x: Floats, top: Floats, bottom: Floats) -> str:
    there = [f"{_short(at)} {_short(up)}" for at, up in zip(x.tolist(), top.tolist(), strict=True)]
    back = [f"{_short(at)} {_short(up)}" for at, up in zip(x[::-1].tolist(), bottom[::-1].tolist(), strict=True)]
    return f"M{'L'.join([*there, *back])}z"


def _points(grid: Grid, value: Floats, scale: Scale) -> str:
    kept = np.flatnonzero(np.isfinite(value))
    y = HEIGHT * (1 - scale(value[kept]))
    opens = np.ones(len(kept), np.bool_)
    opens[1:] = (np.diff(kept) > 1) | (np.diff(grid.pieces[kept]) != 0)
    x = grid.x[kept] * (WIDTH / grid.columns)
    return _path(x.tolist(), y.tolist(), opens.tolist())


def _envelope(grid: Grid, value: Floats, scale: Scale) -> str:
    low = np.fmin.reduceat(value, grid.first)
    high = np.fmax.reduceat(value, grid.first)
    kept = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    top, bottom = (HEIGHT * (1 - scale(side[kept])) for side in (high, low))
    column, piece = grid.column[kept], grid.pieces[grid.first][kept]
    opens = np.ones(len(kept), np.bool_)
    opens[1:] = (np.diff(column) > 1) | (np.diff(piece) != 0)
    x, y, start = [], [], []
    before = 0.0
    for at, a, b, new in zip(((column + 0.5) * (WIDTH / grid.columns)).tolist(), top.tolist(), bottom.tolist(),
                             opens.tolist(), strict=True):
        near, far = (a, b) if abs(a - before) <= abs(b - before) else (b, a)
        x.append(at)
        y.append(near)
        start.append(new)
        if abs(far - near) > 0.15:
            x.append(at)
            y.append(far)
            start.append(False)
        before = far
    return _path(x, y, start)


def _path(x: list[float], y: list[float], opens: list[bool]) -> str:
    """A path of few characters; a point alone gets a line of no length, which round caps make a dot."""
    parts, written = [], False
    for i, (at, up, new) in enumerate(zip(x, y, opens, strict=True)):
        if new:
            alone = i + 1 == len(opens) or opens[i + 1]
            parts.append(f"M{_short(at)} {_short(up)}" + ("h0" if alone else ""))
            written = False
        else:
            parts.append(f"{' ' if written else 'L'}{_short(at)} {_short(up)}")
            written = True
    return "".join(parts)


def _short(value: float) -> str:
    """One decimal, and none where it is zero."""
    text = f"{min(max(value, -HEIGHT), WIDTH + HEIGHT):.1f}"
    return text[:-2] if text.endswith(".0") else text


def blocks(spans: list[tuple[float, float]], top: float = 0.0, height: float = HEIGHT, least: float = 2.0
           ) -> str:
    """Filled stretches (from, to as shares of the width), merged where they overlap, ``least`` wide."""
    merged: list[list[float]] = []
    seen = [(max(a, 0.0) * WIDTH, min(b, 1.0) * WIDTH) for a, b in spans if b >= 0 and a <= 1]
    for begin, end in sorted((a, max(b, a + least)) for a, b in seen):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return "".join(f"M{_short(a)} {_short(top)}h{_short(b - a)}v{_short(height)}h-{_short(b - a)}z"
                   for a, b in merged)


def marked(grid: Grid, mask: Mask) -> list[tuple[float, float]]:
    """Stretches of columns in which any sample is marked, as shares of the width."""
    if not len(mask) or not mask.any():
        return []
    hit = np.zeros(grid.columns + 2, np.bool_)
    hit[grid.column[np.logical_or.reduceat(mask, grid.first)] + 1] = True
    edge = np.flatnonzero(np.diff(hit.astype(np.int8)))
    return [(a / grid.columns, b / grid.columns) for a, b in zip(edge[::2].tolist(), edge[1::2].tolist(),
                                                                strict=True)]
