"""``lineshaft.toml``: read with every mistake named by file, line and key; written with comments by ``init``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from lineshaft.app.recipe import Recipe
from lineshaft.core.clock import parse_duration
from lineshaft.core.errors import UsageError
from lineshaft.core.manifest import Budget, Limits
from lineshaft.model.learner import Settings

FILE = "lineshaft.toml"
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]


class Plant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[plant]``: where the signals come from; ``options`` are the connector's own."""

    source: str
    name: str = ""
    options: dict[str, str | int | float | bool | list[str]] = {}


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``[tasks.<loop>]``: what is watched, and how it is learnt."""

    task: str = "monitor"
    tags: tuple[str, ...] = ("*",)
    leave_out: tuple[str, ...] = ()
    period: str = "1s"
    stale: str = ""
    learn: str = "30min"
    modes: tuple[str, ...] | None = None
    learner: str = "auto"
    false_alarm_rate: Share = Settings().false_alarm_rate
    target: str = "pc"
    deadline: str = "10ms"
    memory_mib: Annotated[int, msgspec.Meta(gt=0)] = 256
    limits: dict[str, tuple[float | None, float | None]] = {}


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``[node]``: the process beside the machine; port 0 takes a free one."""

    folder: str = "node"
    name: str = "node1"
    control_port: Port = 8421
    opcua_port: Port = 4841


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    plant: Plant
    tasks: dict[str, Task]
    node: Node = Node()
    history: str = "history"
    key: str = "keys/lineshaft.key"


def load(path: Path) -> Config:
    """The file's content; ``UsageError`` names file, line and key of the first mistake."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise UsageError("no such file", where=str(path), do="write one with `lineshaft init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't be read as UTF-8 text ({error})", where=str(path), do="check the file") from None
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", where=str(path), do="mend that line") from None
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        keys = _keys(place.rstrip("`"), what)
        raise UsageError(_sentence(what), where=f"{path}:{line_of(text, keys)} {'.'.join(keys)}".rstrip(),
                         do="mend that key; `lineshaft init --print` shows a whole file") from None
    _check(config, path, text)
    return config


def recipe(config: Config, loop: str, path: Path, text: str = "") -> Recipe:
    """The recipe of one task."""
    task = config.tasks[loop]

    def duration(key: str, value: str) -> int:
        keys = ["tasks", loop, key]
        return parse_duration(value, where=f"{path}:{line_of(text, keys)} {'.'.join(keys)}")

    return Recipe(
        loop, duration("period", task.period), duration("stale", task.stale) if task.stale else None, task.modes,
        task.learner, task.target, Budget(duration("deadline", task.deadline), task.memory_mib * 2**20),
        Limits(dict(task.limits)), Settings(false_alarm_rate=task.false_alarm_rate))


def line_of(text: str, keys: list[str]) -> int:
    """The line (from 1) where a key path stands, or as much of it as there is; 1 when nothing of it is there.

    >>> line_of("[plant]\\nsource = 1\\n", ["plant", "source"])
    2
    """
    table: list[str] = []
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = _split(header[1])
            found = table
        else:
            entry = re.match(r"\s*([\w.\"'-]+)\s*=", line)
            if not entry:
                continue
            found = [*table, *_split(entry[1])]
        same = _shared(found, keys)
        if same > depth and same == len(found):
            best, depth = number, same
    return best


def _shared(found: list[str], keys: list[str]) -> int:
    count = 0
    for one, other in zip(found, keys, strict=False):
        if one != other:
            break
        count += 1
    return count


def _split(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _keys(place: str, what: str) -> list[str]:
    """``.tasks[...].period`` and what was said of it, as keys."""
    keys = [part for part in re.split(r"[.\[\]]+", place) if part and part != "..."]
    named = re.search(r"field `([^`]+)`", what)
    return [*keys, named[1]] if named else keys


def _sentence(what: str) -> str:
    return what.replace("Object contains unknown field", "there is no key").replace(
        "Object missing required field", "a key is missing:").replace("`", "'")


def _check(config: Config, path: Path, text: str) -> None:
    if len(config.tasks) != 1:
        raise UsageError(f"{len(config.tasks)} tasks where one is possible", where=f"{path}:{line_of(text, ['tasks'])}",
                         do="give each task a project folder of its own until fleets are here")
    for loop, task in config.tasks.items():
        where = f"{path}:{line_of(text, ['tasks', loop, 'task'])} tasks.{loop}.task"
        if task.task != "monitor":
            raise UsageError(f"no task is called {task.task!r}", where=where, do="use 'monitor'")
        parse_duration(task.learn, where=f"{path}:{line_of(text, ['tasks', loop, 'learn'])} tasks.{loop}.learn")
        recipe(config, loop, path, text)


TEMPLATE = """\
# Lineshaft: one plant, one task, one node. Relative paths start at this file's folder.
# Check it with `lineshaft run --check`; run it with `lineshaft run`.

# Samples and decisions are kept in this folder; the key signs bundles (made on first use).
history = "history"
key = "keys/lineshaft.key"

[plant]
name = "{name}"
# opc.tcp://host:port/path, or a CSV or Parquet file. `lineshaft tag browse` shows what is there.
source = "{source}"

# [plant.options]                      # options of the OPC UA connector
# security = "Basic256Sha256-SignAndEncrypt"
# pki = "keys/pki"                     # our certificate is made here; put the server's into keys/pki/trusted
# user = "lineshaft"                   # the password comes from the environment: LINESHAFT_PASSWORD

[tasks.{loop}]
task = "monitor"                       # multivariate process monitoring
tags = ["*"]                           # patterns of tag paths
leave-out = []
period = "{period}"                    # one decision each
learn = "{learn}"                      # so much normal operation is recorded before the first training
# stale = "3s"                         # a value older than this is masked; three periods unless said
# modes = ["hall1/cell1/mode"]         # tags that say the operating mode; found in the data unless said
# learner = "auto"                     # or zscore, neighbours, pca, dpca, cva, autoencoder
# false-alarm-rate = 2e-5              # the stated chance that one normal tick is over the limit
# target = "pc"
# deadline = "10ms"
# memory-mib = 256

# [tasks.{loop}.limits]                # what alarms when no bundle can decide: low and high per tag
# "hall1/cell1/P101/flow" = [10.0, 120.0]

[node]
name = "node1"
folder = "node"
control-port = 8421                    # metrics, health, alarms and commands, on 127.0.0.1 only
opcua-port = 4841                      # decisions as an OPC UA server
"""


def template(source: str = "opc.tcp://127.0.0.1:4840/", *, name: str = "works/hall1", loop: str = "cell",
             period: str = "1s", learn: str = "30min") -> str:
    """A commented file that ``load`` accepts."""
    return TEMPLATE.format(source=source, name=name, loop=loop, period=period, learn=learn)
