"""The plant at one glance: nothing stands out while all is well; a fault leads to where it is."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.browser.screen import Screen
from tests.browser.system import System

from lineshaft.app.console.pages import words

SAID = words("en")
LOUD = """() => { // colours that need a person: those of the tokens, as the browser computes them
  const probe = document.createElement("i");
  document.body.append(probe);
  const loud = ["--alarm", "--warn"].map(name => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return [...document.querySelectorAll("main *")].filter(one => one.checkVisibility() && one.textContent.trim()
    && loud.includes(getComputedStyle(one).color)).map(one => one.outerHTML.slice(0, 120));
}"""


def test_a_healthy_plant_is_almost_colourless(screen: Screen, system: System) -> None:
    page = screen.open("plant")
    expect(page.locator("li.tagrow:not(.stale)").first).to_be_visible()
    expect(page.locator("li.tagrow.stale")).to_have_count(0)
    expect(page.locator(".looppanel .state.ok").first).to_be_visible()
    assert page.evaluate(LOUD) == []


def test_a_fault_rolls_up_to_the_top_and_leads_down_to_its_tag(screen: Screen, system: System) -> None:
    system.inject("pump-cavitation")
    page = screen.open("plant")
    top = page.locator(".levelpanel .levelmark").first
    expect(top).to_have_class("levelmark alarm")
    blamed = page.locator(".loopblamed li a").first
    expect(blamed).to_be_visible()
    tag = blamed.get_attribute("title") or ""
    expect(page.locator("li.tagrow .tagwhy.alarm").first).to_be_visible()
    blamed.click()
    expect(page.locator("main h1").first).to_have_text(SAID["trend.title"])
    expect(page.locator(".legend tbody tr").first.locator("td.name")).to_have_attribute("title", tag)
    system.calm()
