"""Files as a plant: replays an export row by row in order of source time."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import url2pathname

import numpy as np

from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.reader import read_files
from lineshaft.connect.files.table import Run, Table, samples
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

BAD_NODE_ID_UNKNOWN = 0x80340000


class FileConnector:
    """One export, by a path or a ``file://`` URI (``file:///data/plant.csv?speed=60&timezone=Europe/Berlin``).

    ``speed`` times real time, 0 as fast as the consumer takes it. ``read`` gives the row that the replay has
    reached, before it the first. The subscription ends with the file.
    """

    def __init__(self, uri: str, *, speed: float = 0.0, options: ReadOptions | None = None) -> None:
        path, asked = _parsed(uri)
        self.path = path
        self.speed = float(asked.get("speed", speed))
        if not self.speed >= 0:
            raise UsageError(
                f"speed {self.speed} is negative",
                where=uri,
                do="give 1 for real time, 0 for as fast as possible",
            )
        self.options = options or ReadOptions(time=asked.get("time"), timezone=asked.get("timezone", ""))
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
        from dataclasses import replace

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
        for number, run in enumerate(self.table.runs):
            paths = self.table.paths(run)
            for start, end in _windows(run, period_ns):
                if self._closed.is_set():
                    return
                self._at = (number, end - 1)
                batch = _chosen(samples(run, paths, slice(start, end)), wanted)
                if len(batch):
                    yield batch
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
    path = url2pathname(parts.path) if parts.path.startswith("/") else unquote(parts.path)
    return str(Path(f"//{parts.netloc}{path}") if parts.netloc not in ("", "localhost") else Path(path)), dict(
        parse_qsl(parts.query)
    )


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/") or fnmatch.fnmatch(path, root)


def _windows(run: Run, period_ns: int) -> list[tuple[int, int]]:
    """Row ranges, one a period of source time that holds rows."""
    slot = (run.times - run.times[0]) // max(period_ns, 1) if len(run) else run.times
    starts = [0, *(np.flatnonzero(np.diff(slot)) + 1).tolist(), len(run)]
    return [(a, b) for a, b in zip(starts, starts[1:], strict=False) if b > a]


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
