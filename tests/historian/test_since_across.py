"""Questions for the tail that reach over what was handed to Delta already."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian


@pytest.mark.parametrize(("after", "limit", "wanted"), [
    (4, 2, [4.0, 5.0]), (4, 1, [4.0]), (0, 6, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), (5, 9, [5.0]), (6, 3, []),
    (2, 3, [2.0, 3.0, 4.0])])
def test_a_tail_holds_as_many_as_were_asked_for_wherever_they_lie(
        after: int, limit: int, wanted: list[float], tmp_path: Path) -> None:
    with EmbeddedHistorian(tmp_path) as historian:
        historian.register([Tag("a")])
        historian.append(Samples.of([Sample("a", n, float(n)) for n in range(5)]))
        historian.flush()
        historian.append(Samples.of([Sample("a", 5, 5.0)]))
        found = historian.since(after, limit=limit)
        assert [one.value for one in found.samples] == wanted and found.arrival == after + len(wanted)
