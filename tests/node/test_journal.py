"""The journal beside a node: all of it, while the node writes and after it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.node.alarms import Transition
from lineshaft.node.buffer import FILE, DiskBuffer
from lineshaft.node.journal import read_journal


def line(time: int) -> Transition:
    return Transition(time, "cell", "raised", AlarmState.NORMAL, AlarmState.UNACKNOWLEDGED, "node", "过滤器")


def test_it_is_what_the_node_kept_while_it_runs_and_after(tmp_path: Path) -> None:
    buffer = DiskBuffer(tmp_path, loop="cell")
    for time in range(5):
        buffer.keep_alarm(Alarm("cell", AlarmState.UNACKNOWLEDGED, True, time, time), line(time))
    assert read_journal(tmp_path, 0, 100, 10) == buffer.journal()
    buffer.keep_alarm(Alarm("cell", AlarmState.NORMAL, False, 5, 5), line(5))
    assert read_journal(tmp_path, 0, 100, 10)[-1].time == 5
    buffer.close()
    assert [one.time for one in read_journal(tmp_path, 0, 100, 10)] == [0, 1, 2, 3, 4, 5]


def test_only_the_newest_of_a_time_are_given_oldest_first(tmp_path: Path) -> None:
    buffer = DiskBuffer(tmp_path, loop="cell")
    for time in range(9):
        buffer.keep_alarm(Alarm("cell", AlarmState.UNACKNOWLEDGED, True, time, time), line(time))
    assert [one.time for one in read_journal(tmp_path, 2, 7, 3)] == [4, 5, 6]
    buffer.close()


def test_where_no_node_ever_ran_nothing_happened(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "nowhere", 0, 100, 10) == []


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(EnvironmentFailed, match="the alarm journal cannot be read"):
        read_journal(tmp_path, 0, 100, 10)
