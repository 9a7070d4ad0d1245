"""What a task with an answer said of held-out rows is shown with its protocol, its baseline and its doubts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.app.report.answered import Answered, Weight
from lineshaft.app.report.axis import Scale
from lineshaft.app.report.sections.answer.page import answers
from lineshaft.app.report.svg import HEIGHT, Grid, ribbon
from lineshaft.app.report.text import Text
from lineshaft.core.answer import Answer
from lineshaft.core.clock import SECOND
from lineshaft.core.task import Task
from lineshaft.model.evaluate.reliability import Mark
from lineshaft.model.search.board import Board, Row

ROWS = 60
BOARD = Board((Row("<ridge>", (0.5, 0.7), "recommended", seconds=2.0), Row("trees", (0.9,), "out", "place 2 of 2")), 2)


def numbers(**more: Any) -> Answered:
    """NOX is answered 1 too high within an interval of 2 on each side; the baseline is 5 off."""
    true = np.linspace(50, 70, ROWS)[:, None]
    return Answered(Task.INFER, (Answer("stack/NOX", "mg/m3"),), "ridge", SECOND, 200,
                    np.arange(ROWS, dtype=np.int64) * SECOND, np.zeros(ROWS, np.int32), true, true + 1, true - 1,
                    true + 3, np.ones(ROWS, np.bool_), 1.0, naive=true + 5, naive_name="naive mean", naive_loss=5.0,
                    marks=(Mark(0.9, 0.8, 30),), weights=(Weight("load", 4.0, 0.75),), board=BOARD, **more)


def classes() -> Answered:
    """A leak is found in half of its rows; the other half is not known."""
    true = (np.arange(ROWS) % 2)[:, None].astype(np.float64)
    known = (true[:, 0] == 0) | (np.arange(ROWS) < ROWS / 2)
    value = np.column_stack([1 - true[:, 0], true[:, 0]])
    return replace(numbers(), task=Task.DIAGNOSE, answers=(Answer("normal"), Answer("泄漏 <b>")), measured=true,
                   value=value, low=value, high=value, known=known, naive=np.tile([1.0, 0.0], (ROWS, 1)))


def shown(found: Answered, lang: str = "en") -> str:
    page = answers(found, Text(lang))
    assert page is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)).replace("\N{NO-BREAK SPACE}", " ")


def test_a_number_stands_beside_its_baseline_with_the_protocol_above_it() -> None:
    page = shown(numbers())
    assert "60 rows that were held out" in page and "200 rows in all had a known truth" in page
    assert "loss 1." in page and "best baseline, naive mean, learnt from the same rows: 5." in page
    assert re.search(r"stack/NOX mg/m³ 1 5 1 [\d.]+ 100 % 4", page)
    assert "90 % 80 % 30" in page and "load 75 % 4" in page
    assert page.index("held out") < page.index("RMSE")


def test_what_was_not_known_is_not_found_and_never_hidden() -> None:
    page = shown(classes())
    assert re.search(r"normal 30 100 % 100 % 100 %", page)
    assert re.search(r"泄漏 &lt;b&gt; 30 50 % 0 % 100 %", page)
    assert "Mean over the classes: 75 %" in page and "<b>" not in str(answers(classes(), Text("en"))).split("<body")[-1]


def test_a_monitor_has_no_such_section() -> None:
    assert answers(None, Text("en")) is None


def test_modes_are_sized_and_counted() -> None:
    said = np.eye(2)[np.arange(ROWS) // 10 % 2]
    found = replace(numbers(), task=Task.SEGMENT, answers=(Answer("mode 1"), Answer("mode 2")),
                    measured=np.zeros((ROWS, 0)), value=said, naive=None, naive_name="", marks=())
    page = shown(found)
    assert page.count("30 50 % 10 s 3") == 2 and "Nobody measures a mode" in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_languages_say_all_of_it(lang: str) -> None:
    for found in (numbers(), classes()):
        page = shown(found, lang)
        assert "{" not in page and "&lt;ridge&gt;" in page and "0.6" in page and "2/2" in page


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.5)), min_size=1, max_size=300), st.integers(2, 40))
def test_a_ribbon_holds_every_interval(pairs: list[tuple[float, float]], columns: int) -> None:
    low = np.array([one for one, _ in pairs])
    high = low + np.array([wide for _, wide in pairs])
    grid = Grid.over(np.linspace(0, 1, len(low)), np.zeros(len(low), np.int64), columns)
    heights = [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", ribbon(grid, low, high, Scale(0.0, 1.5)))]
    assert min(heights) == pytest.approx(HEIGHT * (1 - high.max() / 1.5), abs=0.06)
    assert max(heights) == pytest.approx(HEIGHT * (1 - low.min() / 1.5), abs=0.06)
