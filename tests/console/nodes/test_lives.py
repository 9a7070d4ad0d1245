"""Lives of a node, told from its pulse."""

from __future__ import annotations

import os
from pathlib import Path

from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.nodes.lives import Lives
from lineshaft.node.control import ADDRESS_FILE


def beat(time: int, ticks: int, misses: int = 0) -> Pulse:
    return Pulse(time, True, counters={"ticks": ticks, "deadline_misses": misses})


def away(time: int) -> Pulse:
    return Pulse(time, False)


def spans(lives: Lives) -> list[tuple[int, int]]:
    return [(life.began, life.ended) for life in lives.all()]


def test_a_node_that_goes_away_has_ended_and_one_that_comes_is_new() -> None:
    lives = Lives(lambda: None)
    for pulse in (away(1), beat(2, 10), beat(3, 12), away(4), away(5), beat(6, 1)):
        lives.see(pulse)
    assert spans(lives) == [(6, 0), (2, 4)]


def test_a_node_that_was_away_between_two_looks_is_told_by_its_count() -> None:
    lives = Lives(lambda: None)
    for pulse in (beat(1, 500), beat(2, 3)):
        lives.see(pulse)
    assert spans(lives) == [(2, 0), (1, 2)]


def test_a_life_began_when_the_node_wrote_its_address(tmp_path: Path) -> None:
    (tmp_path / ADDRESS_FILE).write_text("http://127.0.0.1:1")
    os.utime(tmp_path / ADDRESS_FILE, ns=(0, 7_000_000_000))
    lives = Lives(lambda: tmp_path)
    lives.see(beat(9_000, 5))
    assert spans(lives) == [(7_000, 0)]


def test_a_counter_tells_when_it_last_grew_in_this_life() -> None:
    lives = Lives(lambda: None)
    for pulse in (beat(1, 10, 4), beat(2, 11, 4), beat(3, 12, 5), beat(4, 13, 5)):
        lives.see(pulse)
    assert (lives.grew("ticks"), lives.grew("deadline_misses"), lives.grew("swaps")) == (4, 3, 0)
    lives.see(beat(5, 1, 0))
    assert lives.grew("deadline_misses") == 0


def test_only_the_newest_lives_are_kept() -> None:
    lives = Lives(lambda: None)
    for time in range(100):
        lives.see(beat(2 * time, 1))
        lives.see(away(2 * time + 1))
    assert len(spans(lives)) == 20 and spans(lives)[0] == (198, 199)
