"""``lineshaft tag``: the signals of a plant, and those that are recorded."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.app.cli.node import options
from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.errors import UsageError

if TYPE_CHECKING:
    from lineshaft.core.sample import Sample, Samples
    from lineshaft.core.tag import Tag

BROWSE = """  lineshaft tag browse opc.tcp://192.168.0.10:4840/
  lineshaft tag browse opc.tcp://192.168.0.10:4840/ --match '*/P101/*' --values
  lineshaft tag browse plant.csv"""
MOST_LETTERS = 40
READ = """  lineshaft tag read opc.tcp://192.168.0.10:4840/ '*/P101/*'"""


def uri_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uri", help="the plant: an OPC UA address or a file")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE",
                        help="of the connector; a password comes from the environment: LINESHAFT_PASSWORD")
    parser.add_argument("--limit", type=int, default=1000, help="show so many tags at most")


def browse_arguments(parser: argparse.ArgumentParser) -> None:
    uri_arguments(parser)
    parser.add_argument("--root", help="only below this node or level")
    parser.add_argument("--match", default="*", help="only paths of this pattern")
    parser.add_argument("--values", action="store_true", help="read their present values as well")


def read_arguments(parser: argparse.ArgumentParser) -> None:
    uri_arguments(parser)
    parser.add_argument("match", nargs="*", default=["*"], help="patterns of paths")


def browse(chosen: argparse.Namespace) -> int:
    """Path, unit, range, and the present value where it was asked for."""
    tags, samples = asyncio.run(_asked(chosen, [chosen.match], chosen.values, chosen.root))
    _emit(chosen, tags, samples)
    return 0


def read(chosen: argparse.Namespace) -> int:
    """Present values with their source times and qualities."""
    tags, samples = asyncio.run(_asked(chosen, chosen.match, True, None))
    _emit(chosen, tags, samples)
    return 0


async def _asked(chosen: argparse.Namespace, patterns: Sequence[str], values: bool, root: str | None
                 ) -> tuple[list[Tag], Samples | None]:
    from lineshaft.connect.registry import open_connector

    connector = open_connector(chosen.uri, guard=None, **options(chosen.option, chosen.uri))
    try:
        await connector.open()
        found = await connector.browse(root)
        tags = [tag for tag in found if any(fnmatchcase(tag.path, one) for one in patterns)]
        if not tags:
            raise UsageError(f"none of {len(found)} tags matches {', '.join(patterns)}", where=chosen.uri,
                             do="try '*' and look at the paths")
        return tags, await connector.read(tags[:chosen.limit]) if values else None
    finally:
        await connector.close()


def _emit(chosen: argparse.Namespace, tags: list[Tag], samples: Samples | None) -> None:
    now = {sample.tag: sample for sample in samples} if samples is not None else {}
    data = [_plain(tag) | _value(now.get(tag.path)) for tag in tags]
    rows = [_row(one, samples is not None) for one in data[:chosen.limit]]
    head = ["path", "unit", "range", *(["value", "quality", "time"] if samples is not None else ["description"])]
    more = [f"... and {len(tags) - chosen.limit} more; see them with --limit"] if len(tags) > chosen.limit else []
    emit(chosen, data, [*columns([head, *rows]), *more])


def _plain(tag: Tag) -> dict[str, Any]:
    return {"path": tag.path, "unit": tag.unit, "low": tag.low, "high": tag.high, "kind": tag.kind,
            "period_ns": tag.period_ns, "description": tag.description, "address": tag.address,
            "writable": tag.writable}


def _value(sample: Sample | None) -> dict[str, Any]:
    from lineshaft.core.quality import name

    if sample is None:
        return {}
    value = None if sample.value != sample.value else sample.value
    return {"value": value if sample.text is None else sample.text, "quality": name(sample.quality),
            "time": format_time(sample.time)}


def _row(one: dict[str, Any], valued: bool) -> list[str]:
    span = "" if one["low"] is None or one["high"] is None else f"{one['low']:g} to {one['high']:g}"
    value = one.get("value")
    shown = f"{value:.6g}" if isinstance(value, float) else str(value if value is not None else "")
    rest = [shown, one.get("quality", ""), one.get("time", "")] if valued else [one["description"]]
    return [one["path"], one["unit"], span, *rest]


def list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")


def recorded(chosen: argparse.Namespace) -> int:
    """What the project's history knows, with the newest value of each."""
    import time

    from lineshaft.app.project import Project

    now = time.time_ns()
    with Project.open(chosen.project).historian() as historian:
        tags = historian.tags()
        newest = historian.as_of([tag.path for tag in tags], now)
    data = [_plain(tag) | _value(newest.get(tag.path)) for tag in tags]
    rows = [[one["path"], one["unit"], *(cell[:MOST_LETTERS] for cell in _row(one, True)[3:5]),
             f"{format_duration(now - newest[one['path']].time)} ago" if one["path"] in newest else "never"]
            for one in data]
    emit(chosen, data, columns([["path", "unit", "value", "quality", "newest"], *rows]))
    return 0


COMMAND = Command("tag", "the signals of a plant", verbs=(
    Command("browse", "what a plant offers, with units and ranges", BROWSE, browse_arguments, browse),
    Command("read", "present values of a plant", READ, read_arguments, read),
    Command("list", "what is recorded in the project's history", "  lineshaft tag list --project cell1",
            list_arguments, recorded)))
