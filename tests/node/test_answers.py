"""A node whose graph has an answer: values, their intervals and whether they are known, up to the outbox."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node.conftest import START, FakeEngine

from lineshaft.core.answer import Answer
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.decision import Decision, Source
from lineshaft.core.errors import Refused
from lineshaft.core.sample import Samples
from lineshaft.core.step import Port
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.loop import Loop
from lineshaft.node.metrics import MOST_ANSWERS, answers
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


def test_what_prometheus_reads_has_the_newest_values_and_no_more_than_it_can_keep(loaded: Loaded, clock: ManualClock,
                                                                                   row: Row) -> None:
    loop = Loop(loaded, clock=clock)
    assert list(answers(loop)) == []
    ticked(loop, clock, row, 8.0)
    told = {one.name: one.samples for one in answers(loop)}
    value, low, high = (told[f"lineshaft_answer{end}"] for end in ("", "_low", "_high"))
    assert [one.value for one in value] == [8.0, 16.0] and [one.value for one in low] == [7.0, 15.0]
    assert [one.value for one in high] == [9.0, 17.0]
    assert value[1].labels == {"loop": loop.name, "answer": "cell/load", "ahead": "3", "unit": "kW"}
    assert (told["lineshaft_answers"][0].value, told["lineshaft_answer_known"][0].value) == (2, 1)


def test_an_answer_that_is_no_number_leaves_prometheus(loaded: Loaded, clock: ManualClock, row: Row) -> None:
    loop = Loop(loaded, clock=clock)
    vars(loaded.engine)["factor"] = float("nan")
    ticked(loop, clock, row, 8.0)
    told = {one.name: one.samples for one in answers(loop)}
    assert told.get("lineshaft_answer", []) == [] and [one.value for one in told["lineshaft_answer_known"]] == [0]


def test_of_a_long_forecast_prometheus_gets_the_first_and_is_told_how_many_there_are() -> None:
    many = tuple(Answer("load", "kW", ahead) for ahead in range(1, 97))
    numbers = tuple(float(one.ahead) for one in many)
    latest = Decision("cell", "", 1, 0.0, False, answers=many, values=numbers, low=numbers, high=numbers)
    told = {one.name: one.samples for one in answers(cast(Loop, SimpleNamespace(name="cell", latest=latest)))}
    assert len(told["lineshaft_answer"]) == MOST_ANSWERS and told["lineshaft_answers"][0].value == 96
