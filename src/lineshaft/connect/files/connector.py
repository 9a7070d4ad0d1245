"""Files as a plant: replays an export row by row in order of source time."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import AsyncIterator, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import url2pathname

import numpy as np

from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.reader import read_files
from lineshaft.connect.files.table import Run, Table, samples
from lineshaft.core.clock import SECOND, parse_duration
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.core.guard import WriteGuard
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.core.units import marked, misstated

BAD_NODE_ID_UNKNOWN = 0x80340000


def create(uri: str, *, guard: WriteGuard, **options: object) -> FileConnector:
    """A replay of the file, folder or glob at ``uri``: a path, or ``file:///data/plant.csv?speed=60``.

    Options (also in the URI's query): ``speed`` times real time, 0 (the default) as fast as it is taken; the
    fields of ``ReadOptions``, durations as text (``period="10min"``, ``cycle="60s"``).
    """
    path, asked = _parsed(uri)
    given: dict[str, object] = {**asked, **options}
    speed = _speed(given.pop("speed", 0.0), uri)
    return FileConnector(path, speed=speed, options=_read_options(given, uri))


class FileConnector:
    """One export as a source. ``read`` gives the row that the replay has reached, before it the first.
    The subscription ends with the file.
    """

    def __init__(self, path: str, *, speed: float = 0.0, options: ReadOptions | None = None) -> None:
        self.path, self.speed, self.options = path, speed, options or ReadOptions()
        self._table: Table | None = None
        self._at = (0, 0)
        self._closed = asyncio.Event()

    @property
    def table(self) -> Table:
        """What was read, with its findings."""
        if self._table is None:
            raise EnvironmentFailed("the file is not open", where=self.path, do="call open() first")
        return self._table

    async def open(self) -> None:
        """Read the export whole."""
        self._table = await asyncio.to_thread(read_files, self.path, self.options)
        self._at = (0, 0)
        self._closed.clear()

    async def browse(self, root: str | None = None) -> list[Tag]:
        """The tags below ``root``, run by run where runs overlap."""
        found = {
            path: replace(tag, path=path)
            for run in self.table.runs
            for path, tag in zip(self.table.paths(run), self.table.tags, strict=True)
        }
        return [tag for path, tag in found.items() if root is None or _below(path, root)]

    async def read(self, tags: Sequence[Tag]) -> Samples:
        """The row that the replay has reached."""
        number, row = self._at
        run = self.table.runs[number]
        place = {path: i for i, path in enumerate(self.table.paths(run))}
        columns = [place.get(tag.path, -1) for tag in tags]
        values = np.array([run.values[row, c] if c >= 0 else np.nan for c in columns])
        quality = np.array([run.quality[row, c] if c >= 0 else BAD_NODE_ID_UNKNOWN for c in columns], np.uint32)
        return Samples.row([tag.path for tag in tags], int(run.times[row]), values, quality)

    async def subscribe(self, tags: Sequence[Tag], period_ns: int) -> AsyncIterator[Samples]:
        """Every sample of these tags in order of source time; rows within one period come as one batch."""
        wanted = {tag.path for tag in tags}
        foreign = misstated(tags, await self.browse())
        for number, run in enumerate(self.table.runs):
            paths = self.table.paths(run)
            for start, end in _windows(run, period_ns):
                if self._closed.is_set():
                    return
                self._at = (number, end - 1)
                batch = marked(_chosen(samples(run, paths, slice(start, end)), wanted), foreign)
                if len(batch):
                    yield batch
                    await asyncio.sleep(0)  # other tasks get their turn, also when the consumer never waits
                if self.speed > 0 and end < len(run):
                    await self._pause(int(run.times[end] - run.times[start]))

    async def _pause(self, nanoseconds: int) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), nanoseconds / SECOND / self.speed)
        except TimeoutError:
            return

    async def write(self, tag: Tag, value: float) -> None:
        """Refused: a file is history."""
        raise Refused("a file can't be written to", where=tag.path, do="write to the plant's own connector")

    async def close(self) -> None:
        """End the replay."""
        self._closed.set()


def _parsed(uri: str) -> tuple[str, dict[str, str]]:
    if not uri.startswith("file:"):
        return uri, {}
    parts = urlsplit(uri)
    host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
    return host + url2pathname(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))


def _speed(asked: object, uri: str) -> float:
    try:
        speed = float(str(asked))
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        raise UsageError(
            f"speed {asked!r} is no speed", where=uri, do="give 1 for real time, 0 for as fast as possible"
        )
    return speed


def _read_options(given: dict[str, object], uri: str) -> ReadOptions:
    """Options by name, from Python or as text from a URI's query."""
    known = {field.name.removesuffix("_ns"): field for field in fields(ReadOptions)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        field = known.get(name.removesuffix("_ns"))
        if field is None:
            raise UsageError(
                f"no option of the file connector is called {name!r}",
                where=uri,
                do=f"use speed, {', '.join(known)}",
            )
        values[field.name] = _value(field.name, value, uri) if isinstance(value, str) else value
    return ReadOptions(**values)


def _value(name: str, text: str, where: str) -> object:
    if name.endswith("_ns"):
        return int(text) if text.isdecimal() else parse_duration(text, where=where)
    if name in ("tags", "labels", "inputs"):
        return tuple(part.strip() for part in text.split(","))
    if name in ("day_first", "header", "transpose"):
        return text.lower() in ("1", "true", "yes")
    return text


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/") or fnmatch.fnmatch(path, root)


def _windows(run: Run, period_ns: int) -> list[tuple[int, int]]:
    """Row ranges, one a period of source time that holds rows."""
    slot = (run.times - run.times[0]) // max(period_ns, 1) if len(run) else run.times
    starts = [0, *(np.flatnonzero(np.diff(slot)) + 1).tolist(), len(run)]
    return [(a, b) for a, b in pairwise(starts) if b > a]


def _chosen(batch: Samples, wanted: set[str]) -> Samples:
    if wanted >= set(batch.tags):
        return batch
    keep = np.flatnonzero(np.array([tag in wanted for tag in batch.tags])[batch.index])
    names = [tag for tag in batch.tags if tag in wanted]
    place = np.array([names.index(tag) if tag in wanted else -1 for tag in batch.tags], np.int32)
    texts = None if batch.text is None else tuple(batch.text[row] for row in keep.tolist())
    return Samples(
        tuple(names), place[batch.index[keep]], batch.time[keep], batch.value[keep], batch.quality[keep], texts
    )
