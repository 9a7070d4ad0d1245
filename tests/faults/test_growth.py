"""What says "bounded" must be able to say "it grows"."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.cases.time_soak import A_DAY, OF_A_NODE
from tests.faults.growth import Bounds, Size, grown, size

BOUNDS = Bounds(later=Size(1.0, 0, 1.0, 5.0), ever=Size(8.0, 4, 8.0, 20.0))


def days(memory: list[float]) -> list[Size]:
    return [Size(mb, 10.0, 1.0, 7.0) for mb in memory]


def test_what_fills_once_or_goes_up_and_down_is_bounded() -> None:
    assert grown(days([100, 104, 106, 106, 106, 106, 106, 106, 106]), BOUNDS) == []
    assert grown(days([100, 107, 101, 107, 101, 107, 101, 107, 101]), BOUNDS) == []


def test_what_grows_a_little_every_day_is_not_even_below_the_absolute_limit() -> None:
    [said] = grown(days([100 + 0.5 * day for day in range(9)]), BOUNDS)
    assert said == "1.50 MB of memory more in the last third than in the second, 1 are allowed"


def test_what_stays_at_too_much_is_not_bounded_either() -> None:
    [said] = grown(days([100, 109, 109, 109, 109, 109]), BOUNDS)
    assert said == "9.00 MB of memory more than on the first of 6 days, 8 are allowed"


def test_handles_the_disk_and_the_tick_are_held_to_the_same() -> None:
    for part in ("handles", "disk_mb", "tick_us"):
        rising = [Size(**{"memory_mb": 1.0, "handles": 1.0, "disk_mb": 1.0, "tick_us": 1.0, part: float(10 * day)})
                  for day in range(9)]
        assert len(grown(rising, BOUNDS)) == 2, part


def test_ten_bytes_kept_of_every_decision_are_found_in_a_month_of_a_node() -> None:
    """A month as it was measured (MB), and the smallest leak there can be of it: a pointer, and a bit of room."""
    measured = [146.7, 148.0, 148.1, 148.1, *[148.8] * 26]
    assert grown(days(measured), OF_A_NODE) == []
    leaking = [mb + 10 * A_DAY * day / 2**20 for day, mb in enumerate(measured)]
    [said] = grown(days(leaking), OF_A_NODE)
    assert "in the last third" in said


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the most memory of a day is read from Linux")
def test_a_planted_leak_and_a_passing_peak_are_seen_in_this_process(tmp_path: Path) -> None:
    kept, leaky, peaky = [], [], []
    for _ in range(6):
        kept.append(bytearray(b"x" * (4 << 20)))
        leaky.append(size(tmp_path))
    assert any("in the last third" in said for said in grown(leaky, BOUNDS))
    for number in range(6):
        del kept[:]
        passing = bytearray(b"x" * (64 << 20)) if number == 4 else None
        del passing
        peaky.append(size(tmp_path))
    assert any("in the last third" in said for said in grown(peaky, BOUNDS))
