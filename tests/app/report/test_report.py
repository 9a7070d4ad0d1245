"""The report stands alone, says what was found, and no text from a plant can break or leave it."""

from __future__ import annotations

import re
import string
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest

from lineshaft.app.report import (
    Choice,
    Event,
    Latency,
    LearnerRow,
    Passage,
    ReportAlarm,
    ReportData,
    Trust,
    render,
)
from lineshaft.app.report.text import LANGUAGES, table
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause
from lineshaft.core.errors import UsageError
from lineshaft.core.manifest import Budget, Certificate, Limits, Lineage, Manifest
from lineshaft.core.step import StepSignature
from lineshaft.core.tag import Tag
from lineshaft.dataset import Recording
from lineshaft.dataset.quality import Kind, assess_recordings

START = 1_700_000_000 * SECOND
HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)> {0} {evil} &amp; %s'
EMPTY = np.full((400, 3), np.nan)
COUNT = np.arange(400, dtype=np.int64)


def report(rows: int = 400, columns: int = 3, names: list[str] | None = None, **fields: object) -> ReportData:
    rng = np.random.default_rng(1)
    tags = tuple(Tag(name) for name in names or [f"hall/cell/t{i}" for i in range(columns)])
    times = START + np.arange(rows, dtype=np.int64) * SECOND
    values = rng.normal(size=(rows, len(tags)))
    score = np.where(np.arange(rows) < rows // 2, np.nan, 0.4)
    quality = assess_recordings(tags, [Recording(times, values)])
    data = ReportData("plant.csv", "plant.csv", START, tags, times, values, np.isfinite(values), score,
                      period_ns=SECOND, quality=quality)
    return replace(data, **fields)  # type: ignore[arg-type]  # the fields differ from test to test


def alarm(first: int, last: int, peak: float, *causes: tuple[str, float]) -> ReportAlarm:
    return ReportAlarm(START + first * SECOND, START + last * SECOND, peak,
                       tuple(Cause(tag, share) for tag, share in causes), 0.99)


def full(**fields: object) -> ReportData:
    """Every field filled."""
    signature = StepSignature(3, (), ())
    data = report(
        alarms=(alarm(250, 270, 4.2, ("hall/cell/t1", 0.7), ("hall/cell/t0", 0.3)),
                alarm(300, 305, 1.5, ("hall/cell/t2", 0.9))),
        events=(Event(START + 249 * SECOND, START + 270 * SECOND, "fouling", delay_ns=3 * SECOND),),
        passages=(Passage(START, START + 199 * SECOND, "fit"), Passage(START, START + 9 * SECOND, "other")),
        choices=(Choice("Period", "1 s", "the usual interval"),), findings=("two rows were late",),
        learners=(LearnerRow("PCA", {"false_alarm_rate": 0.01, "delay": 3.0}, True),
                  LearnerRow("CVA", {"false_alarm_rate": 0.02})), learner_why="fewest false alarms",
        trust=Trust(0.01, 0.05, 200, 50, 50, 0.1, True, "conformal", ("rows are alike",)),
        latency=Latency(200, 36_000, 75_000, 140_000, 400_000, 1, 1_000_000),
        manifest=Manifest("cell", "monitor", 3, (), SECOND, SECOND, signature, Budget(1, 1), Limits(),
                          Lineage("sha256:d", "v7", "0.1.0", START, "PCA", "fewest false alarms")),
        certificate=Certificate(
            "onnxruntime", "edge", {"processor": "a PC", "system": HOSTILE}, 1e-7, 0, 100, (1, 2, 3, 4), 2**20, START,
            "g"),
        bundle="sha256:bundle", dataset="sha256:data", files=(("report", "out/report.html"),), command="watch")
    return replace(data, **fields)  # type: ignore[arg-type]  # as above


class Page(HTMLParser):
    """What a browser sees: elements, attributes, text by element, and whether all of them are closed."""

    VOID = frozenset({"meta", "br", "hr", "input", "path", "rect"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_one_well_formed_file_that_asks_for_nothing_outside(lang: str) -> None:
    page = Page(render(full(), lang))
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}
        assert not {"src", "srcset", "action", "data", "xlink:href"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    style = render(full(), lang)
    assert not re.search(r"https?://|@import|url\((?!#)", style)
    [policy] = [attributes["content"] or "" for _, attributes in page.elements
                if attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_every_link_in_the_page_leads_somewhere() -> None:
    page = Page(render(full()))
    places = {attributes.get("id") for _, attributes in page.elements}
    assert {f"#{place}" for place in places} >= {a["href"] for tag, a in page.elements if tag == "a"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_text_in_every_field_stays_text(lang: str) -> None:
    tag = "hall/" + HOSTILE
    data = full(title=HOSTILE, source=HOSTILE, command=HOSTILE, bundle=HOSTILE, dataset=HOSTILE,
                tags=tuple(Tag(f"{tag}{i}", unit=HOSTILE) for i in range(3)),
                alarms=(alarm(250, 270, 4.2, (f"{tag}1", 0.7)),), findings=(HOSTILE,),
                events=(Event(START, START + SECOND, HOSTILE),), files=((HOSTILE, HOSTILE),),
                passages=(Passage(START, START + 99 * SECOND, HOSTILE),),
                choices=(Choice(HOSTILE, HOSTILE, HOSTILE),), learner_why=HOSTILE,
                learners=(LearnerRow(HOSTILE, {HOSTILE: 1.0}, note=HOSTILE),),
                trust=Trust(0.1, 0.1, method=HOSTILE, notes=(HOSTILE,)))
    quality = assess_recordings(data.tags, [Recording(data.times, data.values)])
    page = Page(render(replace(data, quality=quality), lang))
    assert [tag for tag, _ in page.elements].count("script") == 1
    for tag, attributes in page.elements:
        assert tag != "img"
        assert not [key for key in attributes if key.startswith("on")]
    assert HOSTILE in page.text


@pytest.mark.parametrize("title", ["\x00\x08", "\ud800", "\u202eexe.fdp", "泵组/流量", "x" * 10_000])
def test_odd_characters_give_a_page_that_can_be_written(title: str) -> None:
    page = render(report(title=title))
    assert "\x00" not in page
    Page(page.encode("utf-8").decode("utf-8"))


def test_the_first_sentence_says_what_when_and_which_tags() -> None:
    text = Page(render(full())).text
    assert ("2 alarms in 3.33 min watched. The strongest began at 2023-11-14 22:17:30, lasted 21 s and reached "
            "4.2 times the limit; it points to hall/cell/t1 (70 %) and hall/cell/t0 (30 %).") in text
    assert "fouling, known to have begun at 2023-11-14 22:17:29, was found after 3 s." in text


def test_nothing_found_says_so_with_the_margin() -> None:
    text = Page(render(report())).text
    assert "Nothing found. No alarm in 3.33 min watched; the score came to 0.4 of its limit at most." in text


def test_nothing_watched_is_not_sold_as_nothing_found() -> None:
    text = Page(render(report(score=np.full(400, np.nan)))).text
    assert "Nothing was watched" in text
    assert "Nothing found" not in text


def test_a_missed_event_is_said_at_the_top() -> None:
    event = Event(START + 300 * SECOND, START + 310 * SECOND, "leak")
    text = Page(render(full(events=(event,)))).text
    assert "leak, known to have begun at 2023-11-14 22:18:20, was MISSED." in text


@pytest.mark.parametrize(("trust", "words"), [
    (Trust(normal_was_assumed=True), "Nobody said which stretch is normal"),
    (Trust(0.01, 0.05), "On held-out normal rows 5 % were false alarms where 1 % were asked for"),
    (Trust(masked_share=0.3), "30 % of the inputs were missing, bad or stale"),
])
def test_what_weakens_the_verdict_stands_beside_it(trust: Trust, words: str) -> None:
    assert words in Page(render(report(trust=trust))).text
    assert words not in Page(render(report())).text


def test_an_alarm_over_most_of_the_time_is_questioned() -> None:
    assert "The alarm stands 75 % of the watched time" in Page(
        render(report(alarms=(alarm(250, 399, 3.0),)))).text


def test_left_out_tags_are_named() -> None:
    values = np.random.default_rng(0).normal(size=(400, 2))
    values[:, 1] = 5.0
    data = report(columns=2)
    quality = assess_recordings(data.tags, [Recording(data.times, values)])
    text = Page(render(replace(data, quality=quality))).text
    assert "1 tag was left out for its data quality: hall/cell/t1." in text


def test_chinese_has_the_same_words_and_places_as_english() -> None:
    english, chinese = table("en"), table("zh")
    for section, entries in english.items():
        assert set(entries) <= set(chinese[section])
        for key, words in entries.items():
            assert _places(words) == _places(chinese[section][key]), f"{section}.{key}"
    assert set(chinese["finding"]) == {kind.value for kind in Kind}


def _places(words: str) -> set[str | None]:
    return {place for _, place, _, _ in string.Formatter().parse(words) if place is not None}


def test_every_kind_of_finding_can_be_said_in_chinese() -> None:
    rows = 3_000
    rng = np.random.default_rng(3)
    base = rng.normal(size=rows)
    frozen, rest, spike = base.copy(), base + 5, base.copy()
    frozen[100:400] = frozen[100]
    rest[100:400] = 0.0
    spike[[50, 90]] += 100
    spike[7] = np.nan
    columns = [frozen, rest, spike, np.full(rows, 2.0), np.round(base), base + np.linspace(0, 40, rows)]
    times = START + np.arange(rows, dtype=np.int64) * SECOND
    times[2_000:] += 7_200 * SECOND
    times[2_500:] -= 7_200 * SECOND
    times[11] = times[10]
    times[1_000:1_400] += rng.integers(-400, 400, 400) * SECOND // 250
    tags = tuple(Tag(f"t{i}", low=-2.0, high=2.0) for i in range(6))
    codes = np.zeros((rows, 6), np.uint32)
    codes[5, 0] = 0x80000000
    quality = assess_recordings(tags, [Recording(times, np.column_stack(columns), codes)])
    assert {one.kind for one in quality.all_findings} >= set(Kind) - {Kind.JITTER}
    text = Page(render(report(quality=quality), "zh")).text
    assert "停滞不动" in text
    assert "时钟被拨回 1 次" in text


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError, match="choose one of en, zh"):
        render(report(), "xx")


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(UsageError, match="score and run"):
        report(score=np.zeros(3))


@pytest.mark.parametrize("data", [
    pytest.param(lambda: report(rows=1), id="one row"),
    pytest.param(lambda: report(rows=2), id="two rows"),
    pytest.param(lambda: report(values=EMPTY, good=np.zeros((400, 3), np.bool_)), id="all NaN"),
    pytest.param(lambda: report(values=np.full((400, 3), np.inf)), id="infinite"),
    pytest.param(lambda: report(values=np.full((400, 3), 1e308) * [1, -1, 0]), id="huge"),
    pytest.param(lambda: report(score=np.full(400, 1e12)), id="huge score"),
    pytest.param(lambda: report(score=np.zeros(400)), id="zero score"),
    pytest.param(lambda: report(times=COUNT * 10**16), id="126 years"),
    pytest.param(lambda: report(relative_time=True, times=COUNT * SECOND), id="cycles"),
    pytest.param(lambda: report(quality=None, period_ns=0), id="bare"),
])
@pytest.mark.filterwarnings("error")
def test_odd_data_still_makes_a_page(data: object) -> None:
    assert callable(data)
    page = Page(render(data()))
    paths = [attributes.get("d") or "" for tag, attributes in page.elements if tag == "path"]
    assert not [path for path in paths if re.search("nan|inf|e[+-]", path)]


def test_no_rows_at_all_make_a_page() -> None:
    empty = np.empty(0, np.int64)
    data = ReportData("t", "s", START, (Tag("a"),), empty, np.empty((0, 1)), np.empty((0, 1), np.bool_),
                      np.empty(0))
    assert "Nothing was watched" in Page(render(data)).text


def test_runs_that_overlap_in_time_are_put_one_behind_the_other() -> None:
    times = np.tile(np.arange(200, dtype=np.int64) * SECOND, 2)
    run = np.repeat(np.arange(2, dtype=np.int32), 200)
    late = ReportAlarm(50 * SECOND, 60 * SECOND, 2.0, run=1)
    page = Page(render(report(times=times, run=run, alarms=(late,), relative_time=True)))
    marks = [a["style"] for _, a in page.elements if a.get("class") == "mark" and a.get("style")]
    assert marks[-1] == f"left:{100 * 250 / 399:.2f}%"


def test_five_hundred_alarms_show_the_strongest_and_fold_the_rest() -> None:
    alarms = tuple(alarm(200 + i // 3, 200 + i // 3, 1 + i / 100, ("hall/cell/t0", 0.5)) for i in range(500))
    page = render(report(alarms=alarms))
    assert "488 weaker alarms" in page
    assert len(page) < 1_000_000


def test_a_thousand_tags_stay_readable_and_small() -> None:
    data = report(rows=200, columns=1_000)
    page = render(data)
    text = Page(page).text
    assert "994 other tags" in text
    assert "940 more tags are not drawn" in text
    assert len(page.encode()) < 2_000_000


def test_a_million_rows_of_fifty_tags_stay_under_two_megabytes() -> None:
    rows, columns = 1_000_000, 50
    rng = np.random.default_rng(2)
    values = np.tile(rng.normal(size=(rows // 100, 1)), (100, columns))
    times = START + np.arange(rows, dtype=np.int64) * SECOND
    alarms = tuple(alarm(500_000 + i * 9_000, 500_500 + i * 9_000, 3.0 + i, (f"t{i}", 0.6), (f"t{i + 1}", 0.3))
                   for i in range(40))
    data = ReportData("big", "big", START, tuple(Tag(f"t{i}") for i in range(columns)), times, values,
                      rng.random((rows, 1)).repeat(columns, 1) > 0.001, np.abs(values[:, 0]), limit=2.0,
                      period_ns=SECOND, alarms=alarms)
    assert len(render(data).encode()) < 2_000_000


def test_the_resources_lie_inside_the_package() -> None:
    files = resources.files("lineshaft.app.report")
    for lang in LANGUAGES:
        tomllib.loads((files / "locale" / f"{lang}.toml").read_text("utf-8"))
    assert "</script" not in (files / "report.js").read_text("utf-8")
    assert "</style" not in (files / "report.css").read_text("utf-8")
