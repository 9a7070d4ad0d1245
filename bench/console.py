"""What ten screens cost the loop, how soon a page is there, and months of a trend as a line.

Real processes on one machine: a node (its own loop, a 64 x 1,000 window monitor, its control server) fed with 1,000
tags at 10 Hz, a recorder that keeps all of it, and ``lineshaft console serve`` on their folder. Three settings take
turns in one run: nobody looks; ten sockets, each with a live trend of 8 tags at 10 Hz, all tags at 1 Hz and the
pulse; the same ten and a real Chromium on a live trend. Sockets and Chromium run at a lower priority, since in a
plant they are on other machines. ``p99_ratio`` is the p99 of the node's own decision latency in the last setting over
that in the first, from all turns together; ``p99_ratio_sockets`` leaves Chromium out. Beside: how late a loop that
does nothing wakes up in each.

Then, on the same console, by Chromium: navigation to first contentful paint and to the first chart drawn (median of
new windows), and clicks from page to page, on zoom and on pan, each until the next frame is shown (Event Timing, 95th
percentile). At last a history of 6 tags at 1 Hz over 90 days, asked for as a line over all of it (median of ten).

    python bench/console.py --json              # about seven minutes
    python bench/console.py --seconds 10 --rounds 1 --days 3
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import psutil
from numpy.typing import NDArray

from console_processes import TREND_TAGS, Process, Setup, empty, node, recorder, screens
from harness import Result, arguments, finish, progress
from lineshaft.core.clock import SECOND
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.store import open_historian

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
TAGS, SCREENS = 1000, 10
WINDOWS, CLICKS, ASKS = 7, 4, 10
LONG_TAGS, LONG_BATCH_S = 6, 6 * 3600
SETTINGS = ("nobody", "sockets", "chromium")
WAIT_MS = 60_000.0
SETTLE_S = 3.0
PROJECT = """[plant]
source = "opc.tcp://127.0.0.1:1/"
name = "bench"

[tasks.bench]
tags = ["*"]
period = "{period}"
"""
# The first chart, and clicks until the frame that shows what they did.
WATCH = """
window.clicks = [];
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (one.interactionId) window.clicks.push([one.interactionId, one.duration]);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
new MutationObserver((_, watcher) => {
  if (!document.querySelector(".plotted canvas")) return;
  watcher.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


@contextmanager
def console(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The console as ``lineshaft run`` starts it."""
    command = [sys.executable, "-m", "lineshaft", "console", "serve", "--project", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"], psutil.Process(process.pid)
        finally:
            process.terminate()


def project(folder: Path, period: str) -> Path:
    folder.mkdir()
    (folder / "lineshaft.toml").write_text(PROJECT.format(period=period), "utf-8")
    return folder


class Browser:
    """Chromium by Playwright, at a lower priority than what decides."""

    def __init__(self, stack: ExitStack, url: str) -> None:
        from playwright.sync_api import sync_playwright

        playwright = stack.enter_context(sync_playwright())
        self._browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        stack.callback(self._browser.close)
        self._url = url
        for child in psutil.Process().children(recursive=True):
            if "chromium" in child.name():
                child.nice(10)

    @contextmanager
    def window(self, view: str) -> Iterator[Any]:
        """A new window with an empty cache."""
        context = self._browser.new_context(viewport={"width": 1366, "height": 768})
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(f"{self._url}/#/{view}")
        try:
            yield page
        finally:
            context.close()


class Load:
    """The loop under each setting in turn."""

    def __init__(self, setup: Setup, stack: ExitStack, seconds: float) -> None:
        self._setup, self._seconds = setup, seconds
        self._node, self._empty = Process(node, setup), Process(empty)
        self._recorder = Process(recorder, setup)
        for process in (self._node, self._empty, self._recorder):
            stack.callback(process.end)
            process.hear()
        self.url, self._console = stack.enter_context(console(setup.folder))
        self.browser = Browser(stack, self.url)
        self.latency: dict[str, list[int]] = {name: [] for name in SETTINGS}
        self.late: dict[str, list[int]] = {name: [] for name in SETTINGS}
        self.cpu: dict[str, list[float]] = {name: [] for name in SETTINGS}
        self.bytes: list[float] = []

    def turn(self) -> None:
        """One turn of every setting."""
        self._measure("nobody")
        watching = Process(screens, self._setup, self.url, SCREENS)
        watching.hear()
        try:
            self._measure("sockets", watching)
            with self.browser.window(self.trend()) as page:
                page.wait_for_selector(".plotted canvas")
                self._measure("chromium")
        finally:
            watching.end()

    def trend(self) -> str:
        """The address of a live trend."""
        return f"trend?{urlencode([('tags', path) for path in self._setup.paths[:TREND_TAGS]])}&live=60000"

    def _measure(self, name: str, watching: Process | None = None) -> None:
        time.sleep(SETTLE_S)  # whoever came or went has done so
        self._node.ask("forget")
        self._empty.ask("forget")
        if watching is not None:
            watching.ask("forget")
        before, began = sum(self._console.cpu_times()[:2]), time.monotonic()
        time.sleep(self._seconds)
        spent = time.monotonic() - began
        self.cpu[name].append((sum(self._console.cpu_times()[:2]) - before) / spent)
        self.latency[name] += self._node.ask("tell")
        self.late[name] += self._empty.ask("tell")
        if watching is not None:
            came = [count / spent for count in watching.ask("tell")]
            if len(came) < SCREENS or min(came) == 0:
                sys.exit("a screen got nothing: there is no figure to give")
            self.bytes += came
        progress(f"{name}: p99 {at(self.latency[name], 0.99) / 1e3:.0f} us, "
                 f"console {self.cpu[name][-1]:.1%} of a core")


def at(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share))


def paints(browser: Browser, view: str) -> tuple[float, float]:
    """Seconds to the first contentful paint and to the first chart, median of new windows."""
    first, drawn = [], []
    for _ in range(WINDOWS):
        with browser.window(view) as page:
            page.wait_for_function("() => window.drawn !== undefined")
            first.append(page.wait_for_function(PAINTED).json_value() / 1e3)
            drawn.append(page.evaluate("() => window.drawn") / 1e3)
    return statistics.median(first), statistics.median(drawn)


def clicks(browser: Browser, view: str) -> list[float]:
    """Milliseconds from a click to the frame that answers it."""
    with browser.window(view) as page:
        page.wait_for_function("() => window.drawn !== undefined")
        done = 0
        for _ in range(CLICKS):
            for place in range(page.locator("nav.rail a").count()):
                done += _click(page, page.locator("nav.rail a").nth(place))
            page.evaluate("address => { location.hash = address; }", f"#/{view}")
            page.wait_for_selector(".plotted canvas")
            tools = page.locator('.trendbar [role="group"]').nth(1).locator("button")
            for place in (1, 0, 2):
                done += _click(page, tools.nth(place))
        found = dict[int, float]()
        for number, spent in page.evaluate("() => window.clicks"):
            found[number] = max(found.get(number, 0.0), spent)
    return [*found.values(), *[16.0] * (done - len(found))]  # the browser does not tell of those within a frame


def _click(page: Any, target: Any) -> int:
    target.click()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return 1


def remember(folder: Path, days: int) -> tuple[list[str], int, int]:
    """Random walks of so many days, as a plant would have left them; their paths and when they begin and end."""
    tags = [Tag(f"bench/cell/slow{i}", unit="bar", low=0.0, high=100.0) for i in range(LONG_TAGS)]
    rng, paths = np.random.default_rng(5), tuple(tag.path for tag in tags)
    end = time.time_ns() // SECOND * SECOND
    start = end - days * 86_400 * SECOND
    level = np.full(LONG_TAGS, 50.0)
    with open_historian(folder / "history") as historian:
        historian.register(tags)
        for first in range(0, days * 86_400, LONG_BATCH_S):
            steps = rng.normal(0, 0.02, (LONG_BATCH_S, LONG_TAGS)).cumsum(0) + level
            level = 50 + 0.9 * (steps[-1] - 50)
            historian.append(block(paths, start + first * SECOND, np.round(steps, 2)), key=f"long/{first}")
        historian.flush()
    return list(paths), start // 1_000_000, end // 1_000_000


def block(paths: tuple[str, ...], start: int, values: NDArray[np.float64]) -> Samples:
    """Rows of all tags, one a second."""
    ticks, count = values.shape
    times = np.repeat(start + np.arange(ticks, dtype=np.int64) * SECOND, count)
    return Samples(paths, np.tile(np.arange(count, dtype=np.int32), ticks), times, values.ravel(),
                   np.zeros(ticks * count, np.uint32))


def long_trend(folder: Path, days: int) -> tuple[float, float]:
    """Milliseconds of the answer to all days at once: the first one of a new console, and the median of ten."""
    paths, start, end = remember(project(folder, "1s"), days)
    with console(folder) as (url, _):
        query = urlencode([*(("tags", path) for path in paths), ("start", start), ("end", end), ("columns", 1300)])
        spent = [timed(lambda: urlopen(f"{url}/api/v1/trend?{query}", timeout=300).read()) for _ in range(ASKS + 1)]
    return spent[0], statistics.median(spent[1:])


def timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began) / 1e6


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each setting in each turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns")
    parser.add_argument("--days", type=int, default=90, help="of the long history")
    chosen = parser.parse_args()
    if not Path(CHROMIUM).exists():
        sys.exit(f"{CHROMIUM} is missing: apt install chromium")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        setup = Setup(project(Path(name) / "live", "100ms"), TAGS)
        progress("starting a node, a recorder and a console")
        load = Load(setup, stack, chosen.seconds)
        for number in range(chosen.rounds):
            progress(f"turn {number + 1} of {chosen.rounds}")
            load.turn()
        progress("first paint and clicks")
        first, drawn = paints(load.browser, load.trend())
        spent = clicks(load.browser, load.trend())
        stack.close()
        progress(f"{chosen.days} days of {LONG_TAGS} tags")
        cold, warm = long_trend(Path(name) / "long", chosen.days)
    finish(_result(load, (first, drawn), spent, (cold, warm), chosen), as_json=chosen.json)


def _result(load: Load, paint: tuple[float, float], spent: list[float], asked: tuple[float, float],
            chosen: Any) -> Result:
    p99 = {name: at(load.latency[name], 0.99) / 1e3 for name in SETTINGS}
    figures = {
        "p99_ratio": p99["chromium"] / p99["nobody"], "p99_ratio_sockets": p99["sockets"] / p99["nobody"],
        "first_paint_s": paint[0], "first_chart_s": paint[1],
        "interaction_ms": at(spent, 0.95), "interaction_p50_ms": at(spent, 0.5),
        "trend_90d_ms": asked[1], "trend_90d_first_ms": asked[0],
        "bytes_s_screen": statistics.mean(load.bytes), "console_cpu": statistics.mean(load.cpu["sockets"]),
        "console_cpu_nobody": statistics.mean(load.cpu["nobody"]), "ticks": len(load.latency["nobody"]),
    }
    peers = {f"{name} p50/p99/max us": [round(at(load.latency[name], share) / 1e3) for share in (0.5, 0.99, 1.0)]
             for name in SETTINGS}
    peers |= {f"empty loop, {name}, p99 late us": [round(at(load.late[name], 0.99) / 1e3)] for name in SETTINGS}
    aims = {"p99_ratio": "<= 1.1", "first_paint_s": "< 1", "interaction_ms": "< 100", "trend_90d_ms": "< 1000"}
    return Result("console", f"{TAGS:,} tags at 10 Hz; nobody, {SCREENS} sockets, and those with a Chromium in turn, "
                  f"{chosen.rounds} x {chosen.seconds:g} s each, node, recorder and console in processes of their own; "
                  f"{WINDOWS} new windows, {len(spent)} clicks; {LONG_TAGS} tags at 1 Hz over {chosen.days} days",
                  figures, aims, peers)


if __name__ == "__main__":
    main()
