"""A node whose graph has an answer: values, their intervals and whether they are known, up to the outbox."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node.conftest import START, FakeEngine

from lineshaft.core.answer import Answer
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.decision import Source
from lineshaft.core.errors import Refused
from lineshaft.core.sample import Samples
from lineshaft.core.step import Port
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.loop import Loop
from lineshaft.node.record import Record, Said
from lineshaft.node.seat import Loaded

ANSWERS = (Answer("cell/NOX", "mg/m3"), Answer("cell/load", "kW", 3))
Build = Callable[..., Loaded]
Row = Callable[..., Samples]


class Answering(FakeEngine):
    """The value is the first tag and its double, give or take 1; ``known`` until it is told otherwise."""

    def __init__(self, loaded: Loaded, clock: ManualClock, sizes: int = 2) -> None:
        super().__init__(loaded.engine.signature.channels, clock)
        ports = (*(Port(name, (sizes,)) for name in ("value", "low", "high")), Port("known", (1,)))
        self.signature = replace(self.signature, outputs=(*self.signature.outputs, *ports))
        self._out |= {port.name: np.zeros((1, *port.shape), np.float32) for port in ports}
        self.known, self.factor = 1.0, 1.0

    def step(self) -> None:
        super().step()
        value = self.x[0, 0] * np.float32(self.factor) * np.arange(1, 3, dtype=np.float32)
        self._out["value"][:], self._out["low"][:], self._out["high"][:] = value, value - 1, value + 1
        self._out["known"][:] = self.known


@pytest.fixture
def loaded(load: Build, clock: ManualClock) -> Loaded:
    plain = load(limits={"cell/flow": (None, 100.0)})
    engine = Answering(plain, clock)
    manifest = replace(plain.manifest, answers=ANSWERS, signature=engine.signature)
    return replace(plain, engine=engine, manifest=manifest)


def ticked(loop: Loop, clock: ManualClock, row: Row, value: float) -> None:
    clock.advance(SECOND)
    loop.feed(row(value, 2.0, 3.0), clock.now())
    loop.tick(clock.now())


def test_a_decision_carries_the_values_with_their_intervals(loaded: Loaded, clock: ManualClock, row: Row) -> None:
    loop = Loop(loaded, clock=clock)
    ticked(loop, clock, row, 8.0)
    latest = loop.latest
    assert latest is not None
    assert (latest.answers, latest.values, latest.known) == (ANSWERS, (8.0, 16.0), True)
    assert (latest.low, latest.high) == ((7.0, 15.0), (9.0, 17.0))


def test_the_model_may_say_that_it_does_not_know(loaded: Loaded, clock: ManualClock, row: Row) -> None:
    engine = loaded.engine
    assert isinstance(engine, Answering)
    engine.known = 0.0
    loop = Loop(loaded, clock=clock)
    ticked(loop, clock, row, 8.0)
    assert loop.latest is not None and loop.latest.values == (8.0, 16.0) and not loop.latest.known


def test_a_value_that_is_no_number_is_not_known_and_leaves_score_and_alarm_alone(
        loaded: Loaded, clock: ManualClock, row: Row) -> None:
    engine = loaded.engine
    assert isinstance(engine, Answering)
    engine.factor = float("inf")
    loop = Loop(loaded, clock=clock)
    ticked(loop, clock, row, 8.0)
    latest = loop.latest
    assert latest is not None and latest.source is Source.BUNDLE
    assert (latest.values, latest.low, latest.known, latest.answers) == ((), (), False, ANSWERS)


def test_rules_give_no_values(loaded: Loaded, clock: ManualClock, row: Row) -> None:
    loop = Loop(loaded, clock=clock)
    engine = loaded.engine
    assert isinstance(engine, Answering)
    engine.fail = RuntimeError("no memory")
    ticked(loop, clock, row, 8.0)
    assert loop.latest is not None and loop.latest.source is Source.RULES
    assert (loop.latest.answers, loop.latest.values, loop.latest.known) == ((), (), True)


def test_a_graph_with_another_number_of_values_is_refused(loaded: Loaded, clock: ManualClock) -> None:
    engine = Answering(loaded, clock, sizes=3)
    with pytest.raises(Refused, match="are not 2 answers"):
        Loop(replace(loaded, engine=engine), clock=clock)


def test_without_answers_in_the_manifest_an_output_called_value_is_nothing(loaded: Loaded, clock: ManualClock, row: Row
                                                                         ) -> None:
    loop = Loop(replace(loaded, manifest=replace(loaded.manifest, answers=())), clock=clock)
    ticked(loop, clock, row, 8.0)
    assert loop.latest is not None and loop.latest.values == () and loop.recent[-1][10] is None


FINITE = st.floats(allow_nan=False, allow_infinity=False)
SAID = st.integers(0, 3).flatmap(lambda size: st.tuples(
    st.tuples(*[st.builds(Answer, st.text(max_size=4), st.text(max_size=3), st.integers(0, 99))] * size),
    *[st.tuples(*[FINITE] * size)] * 3, st.booleans()))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | SAID, min_size=1, max_size=6))
def test_any_values_survive_the_outbox(said: list[Said | None]) -> None:
    records: list[Record] = [(tick, 0.5, False, 0.9, 7, False, 0, (), (), "sha256:1", one)
                             for tick, one in enumerate(said)]
    with tempfile.TemporaryDirectory() as folder:
        buffer = DiskBuffer(Path(folder), loop="cell")
        for record in records:
            buffer.put(record)
        assert buffer.flush()
        buffer.close()
        again = DiskBuffer(Path(folder), loop="cell")
        found = [entry.decision for entry in again.pending()]
        again.close()
    assert [(one.answers, one.values, one.low, one.high, one.known) for one in found] == [
        one or ((), (), (), (), True) for one in said]


def test_an_outbox_of_an_earlier_version_is_read_and_goes_on(tmp_path: Path) -> None:
    DiskBuffer(tmp_path, loop="cell").close()
    with sqlite3.connect(tmp_path / "node.sqlite") as db:
        db.execute("ALTER TABLE decision DROP COLUMN answers")
        db.execute("ALTER TABLE decision DROP COLUMN said")
        db.execute("INSERT INTO bundle (digest) VALUES ('sha256:0')")
        db.execute("INSERT INTO decision (origin, time, score, alarm, confidence, latency, missed, source, masked, "
                   "causes, bundle) VALUES (1, 5, 0.5, 0, 0.9, 7, 0, 0, '', '', 1)")
    db.close()
    buffer = DiskBuffer(tmp_path, loop="cell")
    buffer.put((START, 0.5, False, 0.9, 7, False, 0, (), (), "sha256:1", (ANSWERS, (1.0, 2.0), (), (), True)))
    assert buffer.flush()
    old, new = (entry.decision for entry in buffer.pending())
    buffer.close()
    assert (old.time, old.values) == (5, ()) and new.values == (1.0, 2.0)
