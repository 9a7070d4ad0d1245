"""From an empty folder to a bundle that decides, by mouse alone but for an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.screen import Screen
from tests.e2e.conftest import free_port, node_of
from tests.processes import Process, until

from lineshaft.app.config import load
from lineshaft.app.console.pages import words

SAID = words("en")
SLOW_MS = 120_000.0


def choose(option: Locator) -> None:
    """A radio button, which the page draws anew once it was chosen."""
    option.click(force=True)
    expect(option).to_be_checked()


def said(key: str, **values: object) -> str:
    return SAID[f"setup.{key}"].format(**values)


def button(place: Page | Locator, key: str, **values: object) -> Locator:
    return place.get_by_role("button", name=said(key, **values), exact=True)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """A run over an empty folder, where its console is, and a plant that it knows nothing of."""
    folder, port, begun = tmp_path / "empty", free_port(), list[Process]()
    folder.mkdir()
    try:
        begun.append(Process(["plant", "serve", "--speed", "10"], tmp_path / "plant.log"))
        source = str(begun[0].first_line()["url"])
        begun.append(Process(["run", "--project", str(folder), "--console-port", str(port)], tmp_path / "run.log"))
        until(lambda: "Console:" in begun[1].said(), "console")
        yield folder, f"http://127.0.0.1:{port}", source
    finally:
        for process in reversed(begun):
            process.close()


def write(page: Page) -> None:
    """What the step shows is written to the file; on to the next."""
    diff = page.get_by_role("region", name=said("diff"))
    expect(diff.locator("tr").first).to_be_visible()
    button(diff, "write").click()
    expect(diff).to_contain_text(said("written"))
    button(diff, "next").click()


@pytest.mark.timeout(300)
def test_a_source_is_set_up_recorded_learnt_and_deployed_without_touching_a_file(
        empty: tuple[Path, str, str], windows: Callable[..., Screen]) -> None:
    folder, url, source = empty
    page = windows(url).open()
    expect(page.locator("main h1")).to_contain_text(said("step.source"))
    page.get_by_label(said("source.address")).fill(source)
    button(page, "source.connect").click()
    expect(page.get_by_text(re.compile(said("source.ready", n=r"\d+")))).to_be_visible()
    write(page)
    lend_ports(folder)

    expect(page.locator("main h1")).to_contain_text(said("step.tags"))
    page.get_by_role("button", name=said("tags.none"), exact=True).click()
    page.get_by_role("searchbox").fill("P101")
    page.get_by_role("button", name=said("tags.all_found")).click()
    write(page)

    expect(page.locator("main h1")).to_contain_text(said("step.task"))
    choose(page.get_by_role("group", name=said("task.period")).get_by_label("100 ms"))
    page.get_by_text(said("task.more"), exact=True).click()
    choose(page.get_by_role("group", name=said("task.learner")).get_by_label("pca", exact=True))
    write(page)
    config = load(folder / "lineshaft.toml")
    [task] = config.tasks.values()
    assert config.plant.source == source and task.period == "100ms" and task.learner == "pca"
    assert task.tags != ("*",) and all("P101" in pattern for pattern in task.tags)

    expect(page.locator("main h1")).to_contain_text(said("step.record"))
    expect(page.get_by_text(re.compile(said("record.running", n=r"\d+")))).to_be_visible()
    button(page, "next").click()
    say = button(page, "normal.say")

    def enough() -> bool:
        button(page, "normal.everything").click()
        expect(page.get_by_text(re.compile(said("normal.found", rows=".+", usable=".+", tags=".+")))).to_be_visible()
        return say.is_enabled()

    until(enough, "stretch that is long enough to learn from", 120)
    say.click()
    expect(page.get_by_role("region", name=said("normal.list"))).to_contain_text(said("normal.is"))
    button(page, "next").click()

    button(page, "train.start").click()
    expect(page.get_by_text(said("train.there", version=1))).to_be_visible(timeout=SLOW_MS)
    button(page, "next").click()
    expect(page.get_by_role("img", name=said("result.chart"))).to_be_visible(timeout=SLOW_MS)
    button(page, "next").click()

    button(page, "deploy.act", version=1).click()
    expect(page.get_by_text(said("deploy.decides", version=1))).to_be_visible()
    expect(page.get_by_role("link", name=said("deploy.look"))).to_be_visible(timeout=SLOW_MS)
    assert node_of(folder).status()["ticks"] > 3
    page.get_by_role("link", name=said("deploy.look")).click()
    expect(page.locator(".looppanel .state.ok").first).to_be_visible()


def lend_ports(folder: Path) -> None:
    """The node's ports are the machine's: two tests at once need two each. People leave them as they are."""
    file = folder / "lineshaft.toml"
    text = file.read_text("utf-8")
    assert "8421" in text and "4841" in text
    file.write_text(text.replace("8421", "0").replace("4841", "0"), "utf-8")
