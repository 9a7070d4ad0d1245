"""Everybody can use every page: in both themes, by keyboard alone, with large text, on a small screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.browser.screen import Screen
from tests.browser.system import System

from lineshaft.app.console.pages import languages, names

PAGES = [name for name in names() if name != "login"]
"""Of a console without accounts; the way in is looked at with its own story."""
SIZES = ((1366, 768), (1024, 768), (768, 1024))
HEAVY = ("serious", "critical")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": STANDARDS}}
ROUNDS = 4
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"

CONTROLS = """() => {
  const shown = one => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
  const all = [...document.querySelectorAll(
      "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]")];
  const groups = new Set();
  return all.filter(one => !one.disabled && one.tabIndex >= 0 && shown(one)).filter(one => {
    if (one.type !== "radio") return true; // a group of them is one stop
    const group = one.name || one;
    return groups.has(group) ? false : groups.add(group);
  });
}"""
WATCH = """() => {
  window.stops = new Set(); window.unseen = [];
  const look = one => { const s = getComputedStyle(one);
    return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor].join(); };
  const before = new WeakMap();
  for (const one of (CONTROLS)()) before.set(one, look(one));
  document.addEventListener("focusin", event => {
    const one = event.target;
    window.stops.add(one);
    if (before.has(one) && look(one) === before.get(one)) window.unseen.push(one.outerHTML.slice(0, 160));
  });
}""".replace("CONTROLS", CONTROLS)
MISSED = """() => (CONTROLS)().filter(one => !window.stops.has(one)).map(one => one.outerHTML.slice(0, 160))
""".replace("CONTROLS", CONTROLS)
CUT = """() => {
  const found = [];
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) found.push(`the page is ${wide.scrollWidth} wide in ${wide.clientWidth}`);
  const main = document.querySelector("main");
  if (main && main.scrollWidth > main.clientWidth + 1) {
    const edge = main.getBoundingClientRect().left + main.clientWidth;
    const over = [...main.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > edge + 1);
    found.push(`main is ${main.scrollWidth} wide in ${main.clientWidth}, by`,
               ...over.slice(-4).map(one => one.outerHTML.slice(0, 160)));
  }
  const scrolls = one => { for (let up = one; up && up !== main; up = up.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(up).overflowX)) return true; return false; };
  const titled = one => one.closest("[title]") !== null;
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility() || one.closest(".sr, svg, .u-wrap")) continue;
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    const text = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (text && ["hidden", "clip"].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1 && !titled(one))
      found.push(`cut: ${one.outerHTML.slice(0, 160)}`);
    if (one.matches("button, a, input, select, textarea") && !scrolls(one) && box.width
        && (box.right > innerWidth + 1 || box.left < -1)) found.push(`outside: ${one.outerHTML.slice(0, 160)}`);
  }
  return found;
}"""


def settled(screen: Screen, name: str) -> Page:
    """A page whose first answers have come."""
    page = screen.open(name)
    page.wait_for_load_state("networkidle")
    return page


def resize(page: Page, size: tuple[int, int]) -> None:
    """Another size of window, once the page has drawn itself for it."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate(DRAWN)


def heavy(found: Any) -> list[str]:
    """Findings that keep somebody from using the page."""
    return [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]} "
            f"{one['nodes'][0]['any'][:1] and one['nodes'][0]['any'][0]['message']}"
            for one in found.response["violations"] if one["impact"] in HEAVY]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_finding(name: str, theme: str, windows: Callable[..., Screen], system: System) -> None:
    page = settled(windows(system.url, theme=theme), name)
    assert heavy(Axe().run(page, options=RULES)) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_control_is_reached_by_tab_and_seen_there(name: str, screen: Screen) -> None:
    page = settled(screen, name)
    page.evaluate(WATCH)
    for _ in range(ROUNDS):
        for _ in range(page.evaluate(f"() => ({CONTROLS})().length") + 1):
            page.keyboard.press("Tab")  # a date has several stops, so one round may not be enough
        if not page.evaluate(MISSED):
            break
    assert page.evaluate(MISSED) == [], "Tab does not reach these"
    assert page.evaluate("() => [...new Set(window.unseen)]") == [], "these look the same with the focus on them"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_the_day_after_when_every_time_carries_its_day(name: str, screen: Screen) -> None:
    screen.page.clock.set_fixed_time(datetime.now(tz=UTC) + timedelta(days=1))
    with screen.forgiving("status of 400"):  # a report of tomorrow has nothing to tell, and is asked for each minute
        page = settled(screen, name)
        for size in SIZES:
            resize(page, size)
            assert page.evaluate(CUT) == [], size


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_and_no_page_scrolls_sideways(
        name: str, lang: str, windows: Callable[..., Screen], system: System) -> None:
    page = settled(windows(system.url, lang=lang), name)
    for size in SIZES:
        resize(page, size)
        assert page.evaluate(CUT) == [], size
    resize(page, SIZES[0])
    page.evaluate("() => { document.documentElement.style.fontSize = '175%'; }")
    expect(page.locator("html")).to_have_css("font-size", "28px")  # of 14 otherwise
    assert page.evaluate(CUT) == [], "with text of twice the size"
