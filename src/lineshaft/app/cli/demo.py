"""``lineshaft demo``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.clock import parse_duration

if TYPE_CHECKING:
    from lineshaft.app.demo.story import Story

EXAMPLE = """  lineshaft demo
  lineshaft demo --headless --for 60s
  lineshaft demo --stay                                 (then type: fault pump-wear 0.8, or clear)
  lineshaft demo --fault exchanger-fouling --seed 3     (lineshaft plant faults lists them)"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="no screen: only the result, and the exit code says it")
    parser.add_argument("--for", dest="length", default="90s", help="how long the node is watched")
    parser.add_argument("--fault", default="pump-wear", help="which fault is injected")
    parser.add_argument("--seed", type=int, default=7, help="of the plant")
    parser.add_argument("--out", type=Path, default=Path("lineshaft-demo"), help="folder; each run gets its own below")
    parser.add_argument("--no-console", dest="console", action="store_false", help="serve no pages to watch along")
    parser.add_argument("--stay", action="store_true",
                        help="go on after the report until Ctrl-C, SIGTERM or the end of stdin, as at a terminal; a "
                             "line 'fault NAME [SEVERITY]' on stdin breaks the plant, 'clear [NAME]' mends it")


def do(chosen: argparse.Namespace) -> int:
    """0 only if the fault was found, the right tags were named and nothing was missed."""
    from lineshaft.app.demo.run import DemoOptions, demo
    from lineshaft.app.talk import Talk

    stays = chosen.stay or (sys.stdin.isatty() and not chosen.headless)
    options = DemoOptions(chosen.out, parse_duration(chosen.length, where="--for"), chosen.fault, chosen.seed,
                          console=chosen.console and (stays or not chosen.headless), stay=stays)

    def report(story: Story, folder: Path) -> None:
        result = _result(story, folder)
        emit(chosen, result, [_verdict(result)])

    try:
        story = asyncio.run(demo(options, Talk(quiet=chosen.headless and chosen.output == "json"), report))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None  # SIGTERM ends it as Ctrl-C does
    return 0 if story.passed else 1


def _result(story: Story, folder: Path) -> dict[str, object]:
    return {"passed": story.passed, "fault": story.fault, "found": story.found,
            "after_s": (story.alarmed - story.injected) / 1e9 if story.found else None, "named": story.named,
            "expected": story.expected, "false_alarms": story.false_alarms, "decisions": len(story.decisions),
            "missed_slots": story.missed_slots, "late": story.late, "undelivered": story.undelivered,
            "dropped": story.dropped, "folder": str(folder)}


def _verdict(result: dict[str, object]) -> str:
    return (f"{'PASSED' if result['passed'] else 'FAILED'}: {result['fault']} "
            + (f"found after {result['after_s']:.1f} s" if result["found"] else "not found"))


COMMAND = Command("demo", "a plant, a fault, an alarm with its cause: the whole way, all of it real", EXAMPLE,
                  arguments, do)
