"""The newest value of every tag, and what of it may be used at a tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import quality as status
from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.sample import Samples

NEVER, _NO_TIME = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)
_LOST_LINK = np.array([status.BAD_NO_COMMUNICATION, status.BAD_NOT_CONNECTED, status.BAD_NO_DATA,
                       status.BAD_WAITING_FOR_INITIAL_DATA], np.uint32)
_LARGEST = np.array(np.finfo(np.float32).max, np.float64)
_LAYOUTS = 64
_HELD_BACK = 256


def _lost(quality: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """True where a code speaks of the link and not of the instrument."""
    return np.isin(quality & np.uint32(0xFFFF0000), _LOST_LINK)


@dataclass(frozen=True, slots=True)
class Masked:
    """A tag that could not be used at a tick, and why."""

    tag: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Where the rows of a batch of one shape belong; ``whole`` when they are all tags in table order."""

    columns: NDArray[np.int32]
    rows: NDArray[np.intp] | None
    unique: bool
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    columns: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint32]

    def pick(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> _Rows:
        return _Rows(self.columns[keep], self.time[keep], self.value[keep], self.quality[keep])


class LatestValues:
    """The newest sample at or before the tick of each of C tags, in ``x`` and ``quality`` [C] after ``align``.

    A sample with a source time after the coming tick waits until a tick is that late, so a tick sees what a
    replay of history would see (as-of). A value older than ``stale_ns`` by source time, bad, or not finite is
    masked: ``x`` 0, ``quality`` 0. A sample more than ``ahead_ns`` ahead of the node's clock is refused and its
    tag says so. An older sample never replaces a newer one.

    >>> table = LatestValues(("a", "b"), stale_ns=10)
    >>> table.feed(Samples.row(("a", "b"), 5, np.array([1.0, 2.0])), horizon=6, now=6)
    >>> table.align(6); table.x.tolist(), table.quality.tolist()
    ([1.0, 2.0], [1.0, 1.0])
    >>> table.align(16); table.masked[0].reason
    'stale: no value since 1970-01-01T00:00:00.000Z, limit 10 ns'
    """

    def __init__(self, tags: Sequence[str], stale_ns: int, *, ahead_ns: int | None = None) -> None:
        count = len(tags)
        self.tags, self.stale_ns = tuple(tags), stale_ns
        self.ahead_ns = stale_ns if ahead_ns is None else ahead_ns
        self.x = np.zeros(count, np.float32)
        self.quality = np.zeros(count, np.float32)
        self.masked: tuple[Masked, ...] = tuple(Masked(tag, "never seen") for tag in self.tags)
        self.mask_version = 0
        self.late = self.foreign = self.ahead = self.overrun = 0
        self.arrived = NEVER
        self.time = np.full(count, NEVER, np.int64)
        self._value = np.zeros(count, np.float32)
        self._code = np.full(count, status.BAD_WAITING_FOR_INITIAL_DATA, np.uint32)
        self._expiry = np.full(count, NEVER, np.int64)
        self._fresh = np.zeros(count, np.bool_)
        self._flags = np.zeros(count, np.bool_)
        self._size = np.zeros(count)
        self._horizon, self._stale = np.zeros((), np.int64), np.array(stale_ns, np.int64)
        self._all_good = bytes(4 * count)
        self._seen_mask = self._fresh.tobytes()
        self._soonest = NEVER
        self._reasons_old = False
        self._ahead_by: dict[int, int] = {}
        self._place = {tag: i for i, tag in enumerate(self.tags)}
        self._layouts: dict[tuple[tuple[str, ...], bytes], _Layout] = {}
        self._last: tuple[tuple[str, ...], bytes, _Layout] | None = None
        self._waiting: list[_Rows] = []
        self._next_waiting = _NO_TIME

    # -- samples in

    def feed(self, batch: Samples, *, horizon: int, now: int) -> None:
        """Take a batch that arrived at ``now``; samples after ``horizon`` (the coming tick) wait for theirs."""
        if not len(batch):
            return
        layout = self._layout(batch)
        if horizon >= self._next_waiting:
            self.release(horizon)
        if layout.whole and self._stored_whole(batch, horizon):
            self.arrived = now
            return
        rows = _Rows(layout.columns, batch.time, batch.value, batch.quality)
        if layout.rows is not None:
            self.foreign += len(batch) - len(layout.rows)
            rows = _Rows(layout.columns, batch.time[layout.rows], batch.value[layout.rows],
                         batch.quality[layout.rows])
        if status.usable(rows.quality).any() or not _lost(rows.quality).all():
            self.arrived = now  # word of a lost link is no input: health would call it moving for a period
        if not layout.unique:
            rows = rows.pick(np.argsort(rows.time, kind="stable"))
        if len(rows.time) and rows.time.max() > horizon:
            rows = self._hold_back(rows, horizon, now)
        self._store(rows)

    def align(self, time: int) -> None:
        """Set ``x``, ``quality`` and ``masked`` as of ``time``; allocates only when the mask changes."""
        if time >= self._next_waiting:
            self.release(time)
        if time <= self._soonest:
            self.x[:] = self._value
            return
        np.greater_equal(self._expiry, time, out=self._fresh)
        np.multiply(self._value, self._fresh, out=self.x)
        mask = self._fresh.tobytes()
        if mask != self._seen_mask or self._reasons_old:
            self._mask_changed(mask)
        if b"\0" not in mask:
            self._soonest = int(self._expiry.min())

    def release(self, time: int) -> None:
        """Take what waited for a tick at ``time`` or before."""
        if time < self._next_waiting:
            return
        waiting, self._waiting, self._next_waiting = self._waiting, [], _NO_TIME
        for rows in waiting:
            due = rows.time <= time
            if not due.all():
                self._wait(rows.pick(~due))
            self._store(rows.pick(due))

    def reported_since(self, floor: int, expected: NDArray[np.bool_]) -> bool:
        """Whether every expected tag that is not masked has a sample after ``floor``."""
        np.greater(self.time, floor, out=self._flags)
        if b"\0" not in self._flags.tobytes():
            return True
        wanted = expected & (self.quality > 0)
        return bool(wanted.any()) and bool(self._flags[wanted].all())

    def stale_after(self, stale_ns: int) -> None:
        """Another limit of age, that of the bundle which decides now; also for the values that are there."""
        self.stale_ns = stale_ns
        self._stale[()] = stale_ns
        usable = self._expiry != NEVER
        self._expiry[usable] = self.time[usable] + stale_ns
        self._soonest, self._reasons_old = NEVER, True

    @property
    def waiting(self) -> bool:
        """Whether samples wait for a tick later than those so far."""
        return bool(self._waiting)

    def clock_stepped_back(self, now: int, coming: int) -> None:
        """Values later than the ``coming`` tick wait for theirs, or would be decided on too early and shut out all
        that comes; what is too far ahead of the clock now is forgotten."""
        waiting, self._waiting, self._next_waiting = self._waiting, [], _NO_TIME
        later = np.flatnonzero(self.time > coming)
        newest = _Rows(later.astype(np.int32), self.time[later], self._value[later].astype(np.float64),
                       self._code[later])
        self.time[later] = self._expiry[later] = NEVER
        self._code[later] = status.BAD_WAITING_FOR_INITIAL_DATA
        self._soonest, self._reasons_old = NEVER, True
        self._ahead_by.update(zip(later.tolist(), (newest.time - now).tolist(), strict=True))
        for rows in (newest, *waiting):
            near = rows.time <= now + self.ahead_ns
            if near.any():
                self._wait(rows.pick(near))

    # -- inside

    def _layout(self, batch: Samples) -> _Layout:
        shape = batch.index.tobytes()
        last = self._last
        if last is not None and last[0] is batch.tags and last[1] == shape:
            return last[2]
        key = (batch.tags, shape)
        layout = self._layouts.get(key)
        if layout is None:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[key] = self._make_layout(batch)
        self._last = (batch.tags, shape, layout)
        return layout

    def _make_layout(self, batch: Samples) -> _Layout:
        places = np.array([self._place.get(tag, -1) for tag in batch.tags], np.int32)
        columns = places[batch.index]
        known = columns >= 0
        rows = None if known.all() else np.flatnonzero(known)
        columns = columns[known]
        return _Layout(columns, rows, len(np.unique(columns)) == len(columns),
                       np.array_equal(columns, np.arange(len(self.tags))))

    def _hold_back(self, rows: _Rows, horizon: int, now: int) -> _Rows:
        ahead = rows.time > max(now + self.ahead_ns, horizon)
        for column, time in zip(rows.columns[ahead].tolist(), rows.time[ahead].tolist(), strict=True):
            self._ahead_by[column] = time - now
            self._reasons_old = True
        self.ahead += int(ahead.sum())
        later = (rows.time > horizon) & ~ahead
        if later.any():
            self._wait(rows.pick(later))
            if len(self._waiting) > _HELD_BACK:  # a source that runs ahead for ever must not fill the memory
                self.overrun += len(self._waiting.pop(0).time)
        return rows.pick(rows.time <= horizon)

    def _wait(self, rows: _Rows) -> None:
        self._waiting.append(rows)
        self._next_waiting = min(self._next_waiting, int(rows.time.min()))

    def _stored_whole(self, batch: Samples, horizon: int) -> bool:
        """The common case in few operations: every tag once, in table order, due, newer, good and finite.

        Scalars lie in arrays of no dimension: NumPy takes those half a microsecond faster than Python's numbers.
        """
        flags = self._flags
        self._horizon[()] = horizon
        if batch.quality.tobytes() != self._all_good:
            return False
        np.less_equal(batch.time, self._horizon, out=flags)
        if b"\0" in flags.tobytes():
            return False
        np.greater_equal(batch.time, self.time, out=flags)
        if b"\0" in flags.tobytes():
            return False
        np.less_equal(np.absolute(batch.value, out=self._size), _LARGEST, out=flags)
        if b"\0" in flags.tobytes():
            return False
        self.time[:] = batch.time
        self._value[:] = batch.value
        np.add(batch.time, self._stale, out=self._expiry)
        if self._ahead_by:
            self._ahead_by.clear()
        if self._soonest == NEVER:  # some code may be bad
            self._code.fill(status.GOOD)
        return True

    def _store(self, rows: _Rows) -> None:
        newer = rows.time >= self.time[rows.columns]
        if not newer.all():
            self.late += int(len(newer) - newer.sum())
            rows = rows.pick(newer)
        if not len(rows.time):
            return
        number, sound = np.absolute(rows.value) <= _LARGEST, status.usable(rows.quality)
        usable = measured = number & sound
        if not usable.all():
            # A lost link is no measurement: it masks, but must not shut out the older value that a reconnected
            # source reports again with its true time.
            measured = usable | number | ~_lost(rows.quality)
        self.time[rows.columns[measured]] = rows.time[measured]
        self._value[rows.columns] = np.where(usable, rows.value, 0.0)
        self._code[rows.columns] = np.where(usable | ~sound, rows.quality, status.BAD_NO_DATA)
        self._expiry[rows.columns] = np.where(usable, rows.time + self.stale_ns, NEVER)
        for column in rows.columns.tolist() if self._ahead_by else ():
            self._ahead_by.pop(column, None)
        if not usable.all():
            self._soonest, self._reasons_old = NEVER, True

    def _mask_changed(self, mask: bytes) -> None:
        np.copyto(self.quality, self._fresh)
        self._seen_mask, self._reasons_old = mask, False
        self.masked = tuple(Masked(self.tags[c], self._reason(c)) for c in np.flatnonzero(~self._fresh).tolist())
        self.mask_version += 1

    def _reason(self, column: int) -> str:
        if column in self._ahead_by:
            return f"source clock {format_duration(self._ahead_by[column])} ahead"
        code, time = int(self._code[column]), int(self.time[column])
        if code == status.BAD_WAITING_FOR_INITIAL_DATA and time == NEVER:
            return "never seen"
        if status.severity(code) != status.Severity.BAD:
            return f"stale: no value since {format_time(time)}, limit {format_duration(self.stale_ns)}"
        return status.meaning(code)
