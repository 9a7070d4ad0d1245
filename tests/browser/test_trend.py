"""A trend: tags chosen, followed live at 10 Hz, held, looked at closer, sent to somebody as a link, taken along."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
from playwright.sync_api import Page, expect
from tests.browser.screen import Screen
from tests.browser.system import PERIOD_NS, System

from lineshaft.app.console.pages import words

SAID = words("en")
FLOW, PRESSURE = "demo/hall1/cell1/P101/flow", "demo/hall1/cell1/P101/discharge_pressure"
PERIOD_MS = PERIOD_NS // 1_000_000
LIVE = f"trend?tags={FLOW}&tags={PRESSURE}&live=60000"
# What the socket brings, counted where the page reads it.
COUNT = """() => { window.came = []; const read = JSON.parse; JSON.parse = text => {
  const told = read(text); if (told && told.samples) window.came.push(told); return told; }; }"""


def said(key: str, **values: object) -> str:
    return SAID[f"trend.{key}"].format(**values)


def press(page: Page, key: str) -> None:
    page.get_by_role("button", name=said(key), exact=True).click()


def view(page: Page) -> dict[str, list[str]]:
    """The address as names and values."""
    found: dict[str, Any] = page.evaluate(
        "() => { const q = new URLSearchParams(location.hash.split('?')[1]);"
        " return Object.fromEntries([...new Set(q.keys())].map(key => [key, q.getAll(key)])); }")
    return found


def test_tags_are_chosen_and_their_newest_values_shown_with_units(screen: Screen, system: System) -> None:
    page = screen.open("trend")
    press(page, "choose")
    asked = page.get_by_role("dialog")
    asked.get_by_role("searchbox").fill("P101 flow")
    asked.get_by_role("checkbox").first.check()
    press(asked.page, "done")
    assert view(page)["tags"] == [FLOW]
    row = page.locator(".legend tbody tr").first
    expect(row).to_contain_text("P101/flow")
    expect(row.locator("td").nth(2)).to_have_text(re.compile(r"\d"))
    expect(row.locator(".unit").first).not_to_be_empty()


def test_a_live_trend_moves_ten_times_a_second(screen: Screen, system: System) -> None:
    page = screen.open("")
    page.evaluate(COUNT)
    page.evaluate("address => { location.hash = address; }", f"#/{LIVE}")
    expect(page.locator(".plotted canvas").first).to_be_visible()
    page.wait_for_function("path => window.came.filter(one => one.samples[path]).length > 20", arg=FLOW)
    times = page.evaluate("path => window.came.flatMap(one => one.samples[path]?.t || [])", FLOW)
    steps = [after - before for before, after in pairwise(times)]
    assert all(step > 0 for step in steps) and sorted(steps)[len(steps) // 2] == PERIOD_MS


def test_a_held_trend_is_zoomed_panned_and_reproduced_by_its_link(
        screen: Screen, windows: Callable[..., Screen], system: System) -> None:
    page = screen.open(LIVE)
    expect(page.locator(".legend tbody tr").first.locator("td").nth(2)).to_have_text(re.compile(r"\d"))
    press(page, "hold")
    start, end = (int(view(page)[name][0]) for name in ("start", "end"))
    press(page, "closer")
    page.wait_for_function("wide => { const q = new URLSearchParams(location.hash.split('?')[1]);"
                           " return Math.abs(q.get('end') - q.get('start') - wide) < 5; }", arg=(end - start) / 2)
    middle = int(view(page)["start"][0])
    press(page, "earlier")
    page.wait_for_function("before => new URLSearchParams(location.hash.split('?')[1]).get('start') < before",
                           arg=middle)
    chart = page.locator(".plotted").first
    chart.focus()
    before = int(view(page)["start"][0])
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => Number(new URLSearchParams(location.hash.split('?')[1]).get('start')) > before",
                           arg=before)
    press(page, "copy")
    expect(page.locator(".notices")).to_contain_text(said("copied"))
    link = str(page.evaluate("() => navigator.clipboard.readText()"))

    other = windows(system.url).page
    other.goto(link)
    expect(other.locator(".head .time").first).to_have_text(page.locator(".head .time").first.inner_text())
    expect(other.locator(".legend tbody tr")).to_have_count(page.locator(".legend tbody tr").count())
    assert view(other)["tags"] == [FLOW, PRESSURE]


def test_what_is_shown_is_taken_along_as_files_and_as_a_picture(
        screen: Screen, system: System, tmp_path: Path) -> None:
    page = screen.open(LIVE)
    expect(page.locator(".plotted canvas").first).to_be_visible()
    press(page, "hold")
    press(page, "export")
    asked = page.get_by_role("dialog")
    for key, suffix in (("export.csv_wide", "csv"), ("export.parquet", "parquet"), ("export.png", "png")):
        with page.expect_download() as coming:
            asked.get_by_text(said(key), exact=True).click()
        coming.value.save_as(tmp_path / f"taken.{suffix}")
    with duckdb.connect() as link:
        wide = link.execute(f"SELECT * FROM '{tmp_path}/taken.csv'")
        names, rows = {one[0] for one in wide.description or ()}, wide.fetchall()
        [(count,)] = link.execute(f"SELECT count(*) FROM '{tmp_path}/taken.parquet'").fetchall()
    assert {FLOW, PRESSURE} <= names and len(rows) > 100 and count > 200
    assert (tmp_path / "taken.png").read_bytes().startswith(b"\x89PNG")


def test_an_alarm_is_marked_on_the_trend_with_its_causes(screen: Screen, system: System) -> None:
    system.inject("pump-cavitation")
    page = screen.open(LIVE)
    chip = page.locator(".decisions .chips button").last
    expect(chip).to_be_visible()
    chip.click()
    expect(page.locator(".decisions .causes li").first).to_be_visible()
    page.get_by_role("link", name=said("to_alarm")).click()
    expect(page.locator("main h1").first).to_have_text(SAID["alarm.title"])
    system.calm()
