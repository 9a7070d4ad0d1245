"""Levels come from paths, and the worst below a level is its state, whatever the tree."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.plant.state import Judged, State, blame, judge, roll_up
from lineshaft.app.console.plant.tree import levels
from lineshaft.core.quality import BAD_SENSOR_FAILURE, UNCERTAIN
from lineshaft.core.sample import Sample
from lineshaft.core.tag import Tag

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other tests."""
WORDS = st.sampled_from(["a", "b", "P1", "P02", "P10", "泵"])
PATHS = st.lists(st.lists(WORDS, min_size=1, max_size=5).map("/".join), min_size=1, max_size=30, unique=True)
PLANTS = PATHS.flatmap(lambda paths: st.fixed_dictionaries({path: st.sampled_from(State) for path in paths}))


@BUSY
@given(PLANTS)
def test_a_level_is_as_bad_as_the_worst_below_it_and_counts_every_tag_once(plant: dict[str, State]) -> None:
    tree = levels([Tag(path) for path in plant])
    found = roll_up(tree, plant)
    for level in tree:
        below = [state for path, state in plant.items() if path.startswith(f"{level.path}/") or not level.path]
        assert found[level.path].worst == max(below)
        assert found[level.path].counts == {state: below.count(state) for state in set(below)}


@BUSY
@given(PLANTS, st.sampled_from(State))
def test_one_tag_that_gets_worse_makes_no_level_better(plant: dict[str, State], other: State) -> None:
    tree, tag = levels([Tag(path) for path in plant]), next(iter(plant))
    before, after = roll_up(tree, plant), roll_up(tree, plant | {tag: max(plant[tag], other)})
    assert all(after[path].worst >= before[path].worst for path in before)
    assert all(after[path] == before[path] for path in before if path and not tag.startswith(f"{path}/"))


@BUSY
@given(PLANTS)
def test_the_order_of_tags_does_not_matter(plant: dict[str, State]) -> None:
    forth = levels([Tag(path) for path in plant])
    back = levels([Tag(path) for path in reversed(plant)])
    assert roll_up(forth, plant) == roll_up(back, plant)


@BUSY
@given(PATHS)
def test_parents_stand_before_their_children_and_every_tag_hangs_on_its_asset(paths: list[str]) -> None:
    tree = levels([Tag(path) for path in paths])
    place = {level.path: i for i, level in enumerate(tree)}
    assert [level.path for level in tree if level.parent is None] == [""]
    assert all(place[level.parent] < place[level.path] for level in tree if level.parent is not None)
    assert sorted(path for level in tree for path in level.tags) == sorted(paths)
    assert all(Tag(path).asset == level.path for level in tree for path in level.tags)


def test_an_alarm_without_a_known_cause_stands_at_its_asset_and_above() -> None:
    tree = levels([Tag("works/hall1/P1/flow"), Tag("works/hall2/P2/flow")])
    calm = dict.fromkeys(["works/hall1/P1/flow", "works/hall2/P2/flow"], State.NORMAL)
    found = roll_up(tree, calm, ["works/hall1"])
    assert {path for path, one in found.items() if one.worst is State.ALARM} == {"", "works", "works/hall1"}
    assert roll_up(tree, calm, ["elsewhere"])[""].worst is State.ALARM


def test_the_worst_reason_of_a_tag_wins() -> None:
    good, old = Sample("a", 90, 1.0), Sample("a", 10, 1.0)
    assert judge(good, 20, 100) == Judged(State.NORMAL)
    assert judge(good, 20, 100, masked="out of range") == Judged(State.MASKED, "out of range")
    assert judge(Sample("a", 90, 1.0, UNCERTAIN), 20, 100).state is State.UNCERTAIN
    assert judge(old, 20, 100, masked="stale").state is State.STALE
    assert judge(None, 20, 100).state is State.STALE
    assert judge(Sample("a", 10, 1.0, BAD_SENSOR_FAILURE), 20, 100).state is State.BAD
    assert judge(Sample("a", 90, np.nan), 20, 100).state is State.BAD
    assert judge(old, 20, 100, blamed=True, share=0.4) == Judged(State.ALARM, share=0.4)


def pulse(state: str = "unacknowledged", *, active: bool = True,
          causes: list[tuple[str, float]] | None = None) -> Pulse:
    alarm = {"name": "cell", "state": state, "active": active, "causes": ["a", "b"]}
    decision = {"alarm": active, "causes": [{"tag": tag, "share": share} for tag, share in causes or ()]}
    return Pulse(1, True, status={"asset": "works"}, alarms=(alarm,), decision=decision)


def test_only_tags_with_a_real_share_are_blamed() -> None:
    assert blame(pulse(causes=[("a", 0.6), ("c", 0.01)]), ["a", "b", "c"]).tags == {"a": 0.6}


def test_without_shares_the_causes_are_those_the_alarm_was_raised_with() -> None:
    assert blame(pulse(), ["a", "c"]).tags == {"a": None}
    assert blame(pulse(), ["c"]).levels == {"works"}


def test_an_alarm_that_is_over_or_put_away_blames_nothing() -> None:
    for calm in (pulse("acknowledged", active=False), pulse("shelved"), pulse("suppressed"), Pulse(1, False)):
        assert blame(calm, ["a", "b"]).tags == {} and not blame(calm, ["a", "b"]).levels
