"""An alarm from its fault on: raised, acknowledged, judged, noted, shelved, back by itself, and found again later."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.screen import Screen
from tests.browser.system import System

from lineshaft.app.console.pages import words

SAID = words("en")
FAULT = "pump-cavitation"
BACK_MS = 90_000.0


def said(key: str, **values: object) -> str:
    return SAID[f"alarm.{key}"].format(**values)


def button(place: Page | Locator, key: str, **values: object) -> Locator:
    return place.get_by_role("button", name=said(key, **values), exact=True)


@pytest.fixture
def broken(system: System) -> Iterator[System]:
    """The plant with a fault that the node alarms on; healthy again afterwards."""
    system.inject(FAULT)
    yield system
    system.calm()


def test_an_alarm_is_acknowledged_judged_noted_and_shelved_and_comes_back_by_itself(
        screen: Screen, broken: System) -> None:
    page = screen.open("alarm")
    detail = page.get_by_role("article", name=said("detail"))
    row = page.get_by_role("row", name=re.compile(SAID["common.alarm.unacknowledged"]))
    expect(row).to_be_visible()
    expect(page.locator("nav.rail .count")).to_have_text("1")
    expect(detail.locator(".causes li").first).to_be_visible()

    button(detail, "act.acknowledge").click()
    expect(detail.locator(".alarmstate")).to_have_text(SAID["common.alarm.acknowledged"])
    expect(page.locator("nav.rail .count")).to_have_count(0)

    detail.get_by_label(said("comment"), exact=True).fill("the pump was throttled")
    button(detail, "verdict.good").click()
    expect(button(detail, "verdict.good")).to_have_attribute("aria-pressed", "true")
    detail.get_by_label(said("note.label")).fill("opened the valve by hand")
    button(detail, "note.add").click()
    expect(detail.locator(".words .done")).to_contain_text("opened the valve by hand")

    button(detail, "act.shelve").click()
    asked = page.get_by_role("dialog")
    button(asked, "shelve.other").click()
    asked.get_by_label(said("shelve.minutes")).fill("1")
    expect(asked.locator("button.primary")).to_be_disabled()  # a reason is wanted
    button(asked, "reason.repair").click()
    asked.locator("button.primary").click()
    expect(page.get_by_text(said("none.standing"), exact=True)).to_be_visible()  # out of sight

    page.get_by_role("button", name=f"{said('show.shelved')} 1", exact=True).click()
    shelved = page.get_by_role("row", name=re.compile(SAID["common.alarm.shelved"]))
    expect(shelved).to_contain_text(said("reason.repair"))
    expect(shelved).to_have_count(0, timeout=BACK_MS)
    page.get_by_role("button", name=re.compile(rf"^{said('show.standing')}")).click()
    expect(page.get_by_role("row", name=re.compile(SAID["common.alarm.unacknowledged"]))).to_be_visible()

    page.get_by_role("tab", name=said("tab.journal")).click()
    journal = page.locator("table.journal tbody")
    for event in ("raised", "acknowledged", "shelved", "shelf_time_over"):
        expect(journal.locator("td", has_text=re.compile(rf"^{said(f'event.{event}')}$")).first).to_be_visible()


def test_an_alarm_is_operated_by_keyboard_alone(screen: Screen, broken: System) -> None:
    page = screen.open("alarm")
    row = page.get_by_role("row", name=re.compile(SAID["common.alarm.unacknowledged"]))
    row.focus()
    page.keyboard.press("a")
    expect(page.get_by_role("row", name=re.compile(SAID["common.alarm.acknowledged"]))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name=said("detail")).get_by_role("heading", level=2)).to_be_focused()


def test_a_past_alarm_is_found_again_with_what_was_said(screen: Screen, system: System) -> None:
    system.inject(FAULT)
    system.calm()
    page = screen.open("alarm?tab=history")
    newest = page.get_by_role("grid", name=said("history")).locator("tbody tr").first
    newest.click()
    detail = page.get_by_role("article", name=said("detail"))
    expect(detail.locator(".causes li").first).to_be_visible()
    button(detail, "verdict.bad").click()
    expect(newest).to_contain_text(said("verdict.bad"))
    address = page.url
    page.get_by_role("tab", name=said("tab.figures")).click()
    expect(page.locator(".bench")).to_have_count(5)
    page.goto(address)
    expect(detail.locator(".causes li").first).to_be_visible()
