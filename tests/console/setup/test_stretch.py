"""A stretch that somebody would call normal: what is good and bad about it, said before it is learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lineshaft.app import flow
from lineshaft.app.config import FILE
from lineshaft.app.console.setup.recorded import recorded
from lineshaft.app.console.setup.stretch import assess_stretch, declare, declared
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian

START, LONG = 1_700_000_000, 2400
TAGS = (Tag("works/flow", address="a"), Tag("works/level", address="b"), Tag("works/mode", kind="int", address="c"),
        Tag("works/never", address="d"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """40 min, each second: flow and level move, a mode word changes each 300 s, one tag never changes; then a pause of
    10 min and 2 min more.
    """
    folder = tmp_path_factory.mktemp("plant")
    (folder / FILE).write_text(template(name="works"), "utf-8")
    found = Project.open(folder)
    noise = np.random.default_rng(5)
    with found.historian() as historian:
        historian.register(TAGS)
        for first, seconds in ((0, LONG), (LONG + 600, 120)):
            parts = [Samples.row([tag.path for tag in TAGS], (START + at) * SECOND, np.array(
                [10 + noise.normal(), 50 + noise.normal(), float(at // 300 % 2), 3.0])) for at in
                range(first, first + seconds)]
            flow.keep(historian, parts)
    return found


@pytest.fixture
def historian(project: Project) -> Iterator[EmbeddedHistorian]:
    with project.historian() as historian:
        yield historian


def ms(second: float) -> int:
    return round((START + second) * 1000)


def kinds(project: Project, historian: EmbeddedHistorian, start: float, end: float) -> set[str]:
    return {one.kind for one in assess_stretch(project, historian, ms(start), ms(end)).concerns}


def test_a_good_stretch_says_how_much_there_is_and_what_is_left_out(
        project: Project, historian: EmbeddedHistorian) -> None:
    found = assess_stretch(project, historian, ms(0), ms(LONG))
    assert found.rows == pytest.approx(LONG, abs=5) and (found.tags, found.usable) == (4, 3)
    assert next(one.tags for one in found.concerns if one.kind == "left-out") == ("works/never",)
    assert not [one for one in found.concerns if one.level == "stop"]


def test_modes_that_the_stretch_shows_are_counted(project: Project, historian: EmbeddedHistorian) -> None:
    found = assess_stretch(project, historian, ms(0), ms(LONG))
    assert found.modes == ("works/mode",) and found.mode_values == 2
    assert "modes" in {one.kind for one in found.concerns}


def test_too_short_a_stretch_is_not_taken(project: Project, historian: EmbeddedHistorian) -> None:
    assert "short" in kinds(project, historian, 0, 60)
    with pytest.raises(UsageError, match="less than the 120 rows"):
        declare(project, historian, ms(0), ms(60), "anna")


def test_a_rather_short_one_is_taken_with_a_word(project: Project, historian: EmbeddedHistorian) -> None:
    assert "brief" in kinds(project, historian, 0, 600)


def test_a_gap_is_seen(project: Project, historian: EmbeddedHistorian) -> None:
    assert "gaps" in kinds(project, historian, LONG - 900, LONG + 720)
    assert "gaps" not in kinds(project, historian, 0, LONG)


def test_a_stretch_that_somebody_called_abnormal_is_pointed_out(
        project: Project, historian: EmbeddedHistorian) -> None:
    assert "abnormal" not in kinds(project, historian, 0, 1000)
    flow.review(historian, Feedback(project.loop, ms(500) * 10**6, ms(510) * 10**6, Verdict.BAD, False, "ben", "", 1))
    assert "abnormal" in kinds(project, historian, 0, 1000)
    assert "abnormal" not in kinds(project, historian, 600, 1000)


def test_what_is_called_normal_stands_under_the_persons_name(project: Project, historian: EmbeddedHistorian) -> None:
    declare(project, historian, ms(0), ms(1200), "anna")
    said = [one for one in declared(project, historian) if one.normal]
    assert [(one.start, one.end, one.by) for one in said] == [(ms(0), ms(1200), "anna")]


@pytest.mark.parametrize(("start", "end"), [(10, 10), (20, 10)])
def test_no_time_at_all_is_a_sentence(project: Project, historian: EmbeddedHistorian, start: int, end: int) -> None:
    with pytest.raises(UsageError, match="no stretch of time"):
        assess_stretch(project, historian, ms(start), ms(end))


def test_years_are_not_looked_at_in_one_piece(project: Project, historian: EmbeddedHistorian) -> None:
    with pytest.raises(UsageError, match="too long"):
        assess_stretch(project, historian, ms(0), ms(10 * 366 * 86_400))


def test_what_is_recorded_is_known_with_its_holes(project: Project, historian: EmbeddedHistorian) -> None:
    found = recorded(project, historian)
    assert found.tags == 4
    assert (found.start, found.end) == (ms(0), ms(LONG + 719) + 1)
    assert len(found.holes) == 1 and found.holes[0][0] == pytest.approx(ms(LONG), abs=20_000)
    assert found.covered == pytest.approx((LONG + 120) * 1000, abs=30_000)


def test_a_source_that_is_slower_than_the_picture_has_no_holes(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(template(name="works", period="5s"), "utf-8")
    project = Project.open(tmp_path)
    with project.historian() as historian:
        historian.register(TAGS[:1])
        for at in range(20):
            historian.append(Samples.row(["works/flow"], (START + 5 * at) * SECOND, np.array([float(at)])))
        assert recorded(project, historian).holes == ()
