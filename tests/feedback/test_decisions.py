"""Decisions go through a historian as samples and come back the same."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.core.answer import Answer
from lineshaft.core.decision import Cause, Decision, Source
from lineshaft.core.decision_tags import answer_paths, decision_paths, decision_samples, decision_tags
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import GOOD, UNCERTAIN
from lineshaft.core.sample import Sample, Samples
from lineshaft.feedback.decisions import decisions
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import open_historian

ALARM = Decision("cell", "works/hall1", 1_000, 1.7, True, (Cause("works/hall1/P101/flow", 0.8), Cause("泵/压力", 0.1)),
                 0.97, 41_000, False, Source.BUNDLE, ("works/hall1/T1/level",), "sha256:ab")
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
DECISIONS = st.lists(st.builds(
    Decision, st.just("cell"), st.just("works"), st.integers(0, 50), st.floats(allow_nan=False), st.booleans(),
    st.lists(st.builds(Cause, NAMES, st.floats(0, 1)), max_size=3).map(tuple), st.floats(0, 1),
    st.integers(0, 2**53), st.booleans(), st.sampled_from(Source), st.lists(NAMES, max_size=2).map(tuple), NAMES),
    max_size=8)
ANSWERS = (Answer("works/NOX", "mg/m3"), Answer("works/load", "kW", 1), Answer("works/load", "kW", 2))
NUMBERS = st.tuples(*[st.floats(allow_nan=False)] * 3)


@st.composite
def answered(draw: st.DrawFn) -> Decision:
    """A decision with values, with values but without their intervals, or with nothing but "I do not know"."""
    one = replace(draw(DECISIONS.filter(bool))[0], answers=ANSWERS, known=draw(st.booleans()))
    value, low, high = (draw(NUMBERS) for _ in range(3))
    return draw(st.sampled_from([replace(one, values=value, low=low, high=high), replace(one, values=value), one]))


@given(DECISIONS)
@settings(max_examples=40, deadline=None)
def test_any_decisions_come_back_in_order_of_time(made: list[Decision]) -> None:
    with tempfile.TemporaryDirectory() as folder, open_historian(folder, flush_rows=12) as historian:
        for at in range(0, len(made), 3):
            historian.append(decision_samples(made[at:at + 3]))
        assert decisions(historian, "cell", "works", 0, 100) == sorted(made, key=lambda one: one.time)


@given(st.lists(DECISIONS.filter(bool).map(lambda made: made[0]) | answered(), max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_values_come_back_with_their_decisions(made: list[Decision]) -> None:
    with tempfile.TemporaryDirectory() as folder, open_historian(folder, flush_rows=12) as historian:
        for at in range(0, len(made), 3):
            historian.append(decision_samples(made[at:at + 3]))
        in_order = sorted(made, key=lambda one: one.time)
        assert decisions(historian, "cell", "works", 0, 100, answers=ANSWERS) == in_order
        bare = [replace(one, answers=(), values=(), low=(), high=(), known=True) for one in in_order]
        assert decisions(historian, "cell", "works", 0, 100) == bare


def test_each_value_has_a_tag_with_its_unit_and_is_uncertain_where_it_is_not_known() -> None:
    historian = MemoryHistorian()
    historian.register(decision_tags("cell", "works/hall1", ANSWERS[:1]))
    one = replace(ALARM, answers=ANSWERS[:1], values=(64.5,), low=(60.0,), high=(69.0,), known=False)
    historian.append(decision_samples([one]))
    paths = answer_paths("cell", "works/hall1", ANSWERS[:1])
    assert paths["value/works/NOX"] == "decision/cell/works/hall1/value/works/NOX"
    found = historian.as_of(list(paths.values()), 2_000)
    assert [sample.value for sample in found.values()] == [64.5, 60.0, 69.0, 0.0]
    assert {sample.quality for sample in found.values()} == {UNCERTAIN}
    assert [tag.unit for tag in historian.tags() if "/works/NOX" in tag.path] == ["mg/m3"] * 3


def test_values_of_another_bundle_are_not_mixed_up() -> None:
    historian = MemoryHistorian()
    one = replace(ALARM, answers=ANSWERS[:1], values=(64.5,), low=(60.0,), high=(69.0,))
    historian.append(decision_samples([one]))
    assert decisions(historian, "cell", "works/hall1", 0, 2_000, answers=ANSWERS)[0].values == ()


def test_each_part_has_a_tag_of_its_own() -> None:
    historian = MemoryHistorian()
    historian.register(decision_tags("cell", "works/hall1"))
    historian.append(decision_samples([ALARM]))
    paths = decision_paths("cell", "works/hall1")
    assert paths["score"] == "decision/cell/works/hall1/score"
    found = historian.as_of(list(paths.values()), 2_000)
    assert [found[paths[name]].value for name in ("score", "alarm", "confidence", "latency")] == [1.7, 1, 0.97, 41_000]
    assert {tag.path for tag in historian.tags()} == set(paths.values())
    assert {tag.unit for tag in historian.tags() if tag.name == "latency"} == {"ns"}


def test_a_fallback_is_uncertain() -> None:
    qualities = [{sample.quality for sample in decision_samples([replace(ALARM, source=source)])}
                 for source in (Source.BUNDLE, Source.RULES)]
    assert qualities == [{GOOD}, {UNCERTAIN}]


def test_decisions_of_several_loops_and_assets_keep_apart() -> None:
    historian = MemoryHistorian()
    made = [replace(ALARM, asset=asset, loop=loop) for loop in ("one", "two") for asset in ("", "a", "a/b")]
    historian.append(decision_samples(made))
    for one in made:
        assert decisions(historian, one.loop, one.asset, 0, 2_000) == [one]


def test_no_decisions_are_no_samples() -> None:
    assert len(decision_samples([])) == 0
    assert decisions(MemoryHistorian(), "cell", "", 0, 10) == []


def test_what_is_no_decision_is_named() -> None:
    historian = MemoryHistorian()
    historian.append(decision_samples([ALARM]))
    historian.append(Samples.of([Sample("decision/cell/works/hall1/score", 5, 1.0)]))
    with pytest.raises(UsageError, match=r"works/hall1/score: 2 samples do not match the 1 decisions"):
        decisions(historian, "cell", "works/hall1", 0, 2_000)


@pytest.mark.parametrize("text", ["", "{}", "oops", '{"causes": 3}'])
def test_a_text_that_is_no_decision_is_named(text: str) -> None:
    historian = MemoryHistorian()
    paths = decision_paths("cell", "")
    historian.append(Samples.of([Sample(path, 5, 1.0) for name, path in paths.items() if name != "causes"]))
    historian.append(Samples.of([Sample(paths["causes"], 5, np.nan, text=text)]))
    with pytest.raises(UsageError, match="decision/cell/causes"):
        decisions(historian, "cell", "", 0, 10)


def test_a_loop_with_a_slash_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot name a loop"):
        decision_samples([replace(ALARM, loop="a/b")])
