"""Any sequence of use gives the answers of the plain lists in ``MemoryHistorian``."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lineshaft.core.columns import Columns
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import EmbeddedHistorian, open_historian

TAGS = ["a", "b", "c/d", "泵/流量"]
SECOND = 10**9
TIMES = st.one_of(st.integers(0, 12), st.integers(-(2**63), 2**63 - 1),
                  st.builds(SECOND.__mul__, st.integers(-300, 20_000)))
SAMPLES = st.builds(
    Sample, st.sampled_from(TAGS), TIMES, st.floats(width=64), st.integers(0, 2**32 - 1),
    st.one_of(st.none(), st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=4)))
BATCHES = st.lists(SAMPLES, max_size=8)
KEYS = st.one_of(st.none(), st.sampled_from(["k1", "k2", "k3", "k4", "k5"]))


def same_columns(historian: Historian, reference: Historian, start: int, end: int, count: int) -> None:
    found, expected = (one.columns(TAGS, start, end, count) for one in (historian, reference))
    for tag in TAGS:
        assert found[tag].step == expected[tag].step
        for field in fields(Columns)[2:]:
            ours, plain = getattr(found[tag], field.name), getattr(expected[tag], field.name)
            assert ours.dtype == plain.dtype
            assert np.array_equal(ours, plain, equal_nan=ours.dtype.kind == "f"), (tag, field.name, ours, plain)


class AnyUse(RuleBasedStateMachine):
    """Two handles on one folder, as two processes have, against the reference."""

    @initialize(flush_rows=st.sampled_from([1, 5, 20, 10**6]))
    def begin(self, flush_rows: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.flush_rows = flush_rows
        self.reference = MemoryHistorian()
        self.handles = [self.opened(), self.opened()]
        self.named: list[tuple[str, str]] = []

    def opened(self) -> EmbeddedHistorian:
        return open_historian(Path(self.folder.name), flush_rows=self.flush_rows)

    @rule(batch=BATCHES, key=KEYS, who=st.integers(0, 1))
    def append(self, batch: list[Sample], key: str | None, who: int) -> None:
        samples = Samples.of(batch)
        assert self.handles[who].append(samples, key=key) == self.reference.append(samples, key=key)

    @rule(who=st.integers(0, 1))
    def name_version(self, who: int) -> None:
        self.named.append((self.handles[who].version(), self.reference.version()))

    @rule(who=st.integers(0, 1))
    def flush(self, who: int) -> None:
        self.handles[who].flush()

    @rule(who=st.integers(0, 1))
    def compact(self, who: int) -> None:
        self.handles[who].compact()

    @rule(who=st.integers(0, 1))
    def reopen(self, who: int) -> None:
        self.handles[who].close()
        self.handles[who] = self.opened()

    @rule(start=TIMES, end=TIMES, who=st.integers(0, 1), back=st.integers(0, 3))
    def read(self, start: int, end: int, who: int, back: int) -> None:
        mine, theirs = self.version_back(back)
        found = self.handles[who].read(TAGS, start, end, version=mine)
        expected = self.reference.read(TAGS, start, end, version=theirs)
        for tag in TAGS:
            for column in ("time", "value", "quality"):
                ours, plain = getattr(found[tag], column), getattr(expected[tag], column)
                assert np.array_equal(ours, plain, equal_nan=column == "value"), (tag, column)
            assert found[tag].text == expected[tag].text

    @rule(time=TIMES, who=st.integers(0, 1), back=st.integers(0, 3))
    def as_of(self, time: int, who: int, back: int) -> None:
        mine, theirs = self.version_back(back)
        found = self.handles[who].as_of(TAGS, time, version=mine)
        assert repr(found) == repr(self.reference.as_of(TAGS, time, version=theirs))  # repr: NaN equals NaN

    @rule(who=st.integers(0, 1), behind=st.integers(0, 30), limit=st.integers(1, 20))
    def since(self, who: int, behind: int, limit: int) -> None:
        assert self.handles[who].arrived() == self.reference.arrived()
        after = max(self.reference.arrived() - behind, 0)
        found, expected = (one.since(after, limit=limit) for one in (self.handles[who], self.reference))
        assert repr(list(found.samples)) == repr(list(expected.samples))
        assert found.arrival == expected.arrival

    @rule(start=TIMES, end=TIMES, who=st.integers(0, 1), count=st.integers(1, 40))
    def columns(self, start: int, end: int, who: int, count: int) -> None:
        same_columns(self.handles[who], self.reference, start, end, count)

    @rule()
    def delete_the_overview(self) -> None:
        shutil.rmtree(Path(self.folder.name) / "overview", ignore_errors=True)

    def version_back(self, back: int) -> tuple[str | None, str | None]:
        """What is stored now for 0, else one of the versions named last."""
        return self.named[-back] if 0 < back <= len(self.named) else (None, None)

    @invariant()
    def all_handles_know_the_same_tags(self) -> None:
        if hasattr(self, "handles"):
            assert self.handles[0].tags() == self.handles[1].tags() == self.reference.tags()

    def teardown(self) -> None:
        if hasattr(self, "handles"):
            for handle in self.handles:
                handle.close()
            self.folder.cleanup()


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, derandomize=True,
                               suppress_health_check=[HealthCheck.too_slow])


GOOD_OR_BAD = st.sampled_from([0, 0, 0, 0x40000000, 0x80000000, 0xC0000000])
DAY = st.builds(Sample, st.sampled_from(TAGS[:2]), st.builds(SECOND.__mul__, st.integers(0, 86_400)),
                st.one_of(st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf]), st.floats(width=16)), GOOD_OR_BAD,
                st.sampled_from([None, None, "note"]))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(batches=st.lists(st.lists(DAY, max_size=30), min_size=1, max_size=8), data=st.data())
def test_columns_by_overview_waiting_rows_and_samples_are_those_of_all_samples(
        batches: list[list[Sample]], data: st.DataObject) -> None:
    reference = MemoryHistorian()
    with tempfile.TemporaryDirectory() as folder, open_historian(folder) as historian:
        lose = partial(shutil.rmtree, Path(folder) / "overview", ignore_errors=True)
        for batch in batches:
            historian.append(Samples.of(batch))
            reference.append(Samples.of(batch))
            act = data.draw(st.sampled_from([None, historian.flush, historian.compact, lose]))
            if act is not None:
                act()
            start, end = sorted(data.draw(st.tuples(st.integers(0, 90_000), st.integers(0, 90_000))))
            same_columns(historian, reference, start * SECOND, end * SECOND, data.draw(st.integers(1, 50)))
