"""``lineshaft.toml``: read with every mistake named by file, line and key; written with comments by ``init``."""

from __future__ import annotations

import ipaddress
import math
import platform
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from lineshaft import backend as backends
from lineshaft.app import examples
from lineshaft.app.goal import MONITOR, Goal, learning, tasks
from lineshaft.app.locate import near, place_of, shortened, wildcard
from lineshaft.app.recipe import Recipe
from lineshaft.app.wanted import wanted
from lineshaft.connect.registry import connector_for
from lineshaft.core.clock import SECOND, format_duration, parse_duration
from lineshaft.core.errors import UsageError
from lineshaft.core.manifest import Budget, Limits
from lineshaft.model.finding import AUTO, ONE, mode_learners
from lineshaft.model.learner import Settings
from lineshaft.model.train import choices as monitors
from lineshaft.prepared import prepared

FILE = "lineshaft.toml"
PASSWORD = "LINESHAFT_PASSWORD"
BY_HAND = "by hand"
"""Instead of a duration in ``learn``: nothing is trained or decides before a person says so."""
LARGEST, MOST_DOTS = 1_000_000, 200
_APART = re.compile(r"[^\w\"'.\- \t]+")
LONGEST_NS = 10 * 366 * 86_400 * SECOND
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
ROLES = ("viewer", "operator", "engineer", "admin")
"""What a person may do in the console, each more than the one before."""
PRIORITIES = ("high", "medium", "low")
"""Of an alarm (ISA-18.2): how soon a person has to answer it, the most urgent first."""


class Plant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[plant]``: where the signals come from; ``options`` are the connector's own."""

    source: str
    name: str = ""
    options: dict[str, str | int | float | bool | list[str]] = {}


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``[tasks.<loop>]``: what is watched, and how it is learnt; the last five are those of tasks with an answer."""

    task: str = "monitor"
    tags: tuple[str, ...] = ("*",)
    leave_out: tuple[str, ...] = ()
    period: str = "1s"
    stale: str = ""
    learn: str = "30min"
    modes: tuple[str, ...] | None = None
    mode_learner: str = AUTO
    learner: str = "auto"
    priority: str = "medium"
    false_alarm_rate: Share = Settings().false_alarm_rate
    target: str = "pc"
    deadline: str = "10ms"
    memory_mib: Annotated[int, msgspec.Meta(gt=0, le=2**20)] = 256
    limits: dict[str, tuple[float | None, float | None]] = {}
    predict: str | tuple[str, ...] = ()
    classes: dict[str, str] = {}
    group: str = ""
    end_of_life: str = ""
    settings: dict[str, Any] = {}

    @property
    def goal(self) -> Goal:
        """What a task with an answer is told."""
        predict = (self.predict,) if isinstance(self.predict, str) else self.predict
        return Goal(predict, self.classes, self.group, self.end_of_life, self.settings)


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``[node]``: the process beside the machine; port 0 takes a free one."""

    folder: str = "node"
    name: str = "node1"
    control_port: Port = 8421
    opcua_port: Port = 4841


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``[console.oidc]``: people log in at the company's own service; ``roles`` gives its groups a role here.

    ``role-claim`` is what the service calls the groups in its token, ``name-claim`` what it calls the name.
    """

    issuer: str
    client_id: str
    roles: dict[str, str] = {}
    role_claim: str = "groups"
    name_claim: str = "preferred_username"


class Console(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``[console]``: the pages in the browser; port 0 takes a free one.

    ``users``: everybody logs in. ``names`` are the host names, besides ``host`` and this machine's loopback, by
    which a browser may call it. ``behind`` says that a proxy on the way speaks TLS for us. A session ends ``idle``
    after its last request and ``longest`` after its login.
    """

    host: str = "127.0.0.1"
    port: Port = 8420
    users: bool = False
    certificate: str = ""
    private_key: str = ""
    names: tuple[str, ...] = ()
    behind: Literal["", "proxy"] = ""
    idle: str = "12h"
    longest: str = "7d"
    oidc: Oidc | None = None


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. ``tracking`` is where MLflow keeps trainings: a server's URL, a folder, or "off"."""

    plant: Plant
    tasks: dict[str, Task]
    node: Node = Node()
    console: Console = Console()
    history: str = "history"
    key: str = "keys/lineshaft.key"
    tracking: str = ""


def load(path: Path) -> Config:
    """The file's content; ``UsageError`` names file, line and key of the first mistake."""
    return read(path)[0]


def read(path: Path) -> tuple[Config, str]:
    """The content, and the text it came from."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise UsageError("no such file", where=str(path), do="write one with `lineshaft init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't be read as UTF-8 text ({error})", where=str(path), do="check the file") from None
    return check(text, path), text


def check(text: str, path: Path) -> Config:
    """The content of a text that stands, or is to stand, at ``path``."""
    config = _converted(_parsed(text, path), text, path)
    _check(config, path, text)
    return config


def recipe(config: Config, loop: str, path: Path, text: str = "") -> Recipe:
    """The recipe of one task."""
    task = config.tasks[loop]

    def duration(key: str, value: str) -> int:
        return _duration(value, place_of(path, text, "tasks", loop, key))

    return Recipe(
        loop, duration("period", task.period), duration("stale", task.stale) if task.stale else None, task.modes,
        task.learner, task.target, Budget(duration("deadline", task.deadline), task.memory_mib * 2**20),
        Limits(dict(task.limits)), Settings(false_alarm_rate=task.false_alarm_rate), task.task, task.goal,
        task.mode_learner)


def _parsed(text: str, path: Path) -> dict[str, object]:
    _check_size(text, path)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # an endless number is a plain ValueError
        said = str(error).splitlines()[0]
        found = re.search(r"\(at line (\d+), column \d+\)", said)
        line = int(found[1]) if found else max(len(text.splitlines()), 1) if "end of document" in said else 1
        raise UsageError(f"not valid TOML: {said}", where=f"{path}:{line}", do="mend that line") from None


def _check_size(text: str, path: Path) -> None:
    """The parser's time and memory grow with the square of a dotted key's length."""
    if len(text) > LARGEST:
        raise UsageError("the file is too long", where=str(path), do=f"write {LARGEST:,} letters at most")
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MOST_DOTS and any(part.count(".") > MOST_DOTS for part in _APART.split(line)):
            raise UsageError("a key of too many parts", where=f"{path}:{number}", do="mend that line")


def _converted(data: dict[str, object], text: str, path: Path) -> Config:
    try:
        return msgspec.convert(data, Config)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at ")
        keys = wildcard(at, data, _fails)
        named = re.search(r"field `([^`]+)`", what)
        keys = [*keys, named[1]] if named else keys
        do = "mend that key; `lineshaft init --print` shows a whole file"
        if named and "unknown" in what:
            do = near(named[1], _known(keys)) or do
        raise UsageError(wanted(what), where=place_of(path, text, *keys), do=do) from None


def _fails(part: object, name: str) -> bool:
    """Whether this entry of a table of free names (``tasks``, ``limits``, ``roles``) is the one that is wrong."""
    shapes: dict[str, object] = {"tasks": Task, "roles": str, "classes": str}
    try:
        msgspec.convert(part, shapes.get(name, tuple[float | None, float | None]))
    except msgspec.ValidationError:
        return True
    return False


def _known(keys: Sequence[str]) -> list[str]:
    """Names that would be right where the last of ``keys`` stands."""
    table: Any = Config
    for key in keys[:-1]:
        if get_origin(table) is dict:
            table = get_args(table)[1]
        elif key in (fields := _fields(table)):
            table = fields[key]
    return list(_fields(table))


def _fields(table: Any) -> dict[str, Any]:
    """Key and type of each field of a table, itself optional or not; none where it is no table of fixed keys."""
    struct = next((one for one in (table, *get_args(table)) if isinstance(one, type)
                   and issubclass(one, msgspec.Struct)), None) if get_origin(table) is not dict else None
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)} if struct else {}


def _duration(text: str, where: str) -> int:
    found = parse_duration(text, where=where)
    if found > LONGEST_NS:
        raise UsageError(f"{text!r} is {format_duration(found)}", where=where, do="write less than ten years")
    return found


def _check(config: Config, path: Path, text: str) -> None:
    """What types alone can't say."""
    if len(config.tasks) != 1:
        raise UsageError(f"{len(config.tasks)} tasks where one is possible", where=place_of(path, text, "tasks"),
                         do="give each task a project folder of its own until fleets are here")
    _check_source(config, path, text)
    _check_name(config.node.name, place_of(path, text, "node", "name"))
    for key, value in (("folder", config.node.folder), ("history", config.history), ("key", config.key)):
        if not value.strip() or "\0" in value or any(len(part.encode()) > 255 for part in value.split("/")):
            where = place_of(path, text, *(["node"] if key == "folder" else []), key)
            raise UsageError(f"{shortened(value)!r} is not a path", where=where, do="name a file or folder")
    for loop, task in config.tasks.items():
        _check_name(loop, place_of(path, text, "tasks", loop))
        _check_task(loop, task, path, text)
        recipe(config, loop, path, text)
    _check_console(config, path, text)


def _check_source(config: Config, path: Path, text: str) -> None:
    if "password" in config.plant.options:
        raise UsageError("a password does not belong in a file", where=place_of(path, text, "plant", "options",
                         "password"), do=f"set the environment variable {PASSWORD}")
    source = place_of(path, text, "plant", "source")
    if re.match(r"[\w.+-]+://[^/@]*:[^/]*@", config.plant.source):
        raise UsageError("a password does not belong in a file", where=source,
                         do=f"set user under [plant.options], and {PASSWORD} in the environment")
    if config.plant.name != config.plant.name.strip(" /") or not config.plant.name.isprintable():
        raise UsageError(f"{config.plant.name!r} cannot name a plant", where=place_of(path, text, "plant", "name"),
                         do="write its levels as works/hall1")
    try:
        connector_for(config.plant.source)
    except UsageError as error:
        raise UsageError(error.what, where=source, do=error.do) from None


def _check_console(config: Config, path: Path, text: str) -> None:
    console = config.console

    def at(*keys: str) -> str:
        return place_of(path, text, "console", *keys)

    if not re.fullmatch(r"[\w.:-]+", console.host, re.ASCII):
        raise UsageError(f"{console.host!r} is not an address of this machine", where=at("host"),
                         do='write "127.0.0.1", or "0.0.0.0" for every network this machine is in')
    if bool(console.certificate) != bool(console.private_key):
        there = "certificate" if console.certificate else "private-key"
        raise UsageError("a certificate and its private key belong together", where=at(there), do="give both")
    if console.behind or not loopback(console.host):
        _check_open_console(console, at("behind" if console.behind else "host"))
    for key, length in (("idle", console.idle), ("longest", console.longest)):
        _duration(length, at(key))
    if console.port and console.port in (config.node.control_port, config.node.opcua_port):
        raise UsageError(f"the node has port {console.port} already", where=at("port"), do="give each its own")
    for name in console.names:
        if not re.fullmatch(r"[\w.-]+", name, re.ASCII):
            raise UsageError(f"{name!r} is not a host name", where=at("names"), do='write "line1.example", no port')
    if console.oidc is not None:
        _check_oidc(console, console.oidc, path, text)


def _check_open_console(console: Console, where: str) -> None:
    if not console.users:
        raise UsageError("a console that other machines reach wants to know who is there", where=where,
                         do="set users = true under [console]")
    if not console.certificate and not console.behind:
        raise UsageError("a console that other machines reach wants an encrypted connection", where=where,
                         do='name certificate and private-key under [console], or set behind = "proxy" where a '
                         "proxy has them")


def _check_oidc(console: Console, oidc: Oidc, path: Path, text: str) -> None:
    def at(*keys: str) -> str:
        return place_of(path, text, "console", "oidc", *keys)

    scheme, _, rest = oidc.issuer.partition("://")
    host = re.split(r"[:/]", rest)[0]
    if not host or (scheme != "https" and not (scheme == "http" and loopback(host))):
        raise UsageError(f"{oidc.issuer!r} is not the address of a login service", where=at("issuer"),
                         do='write it as "https://login.example/realms/works"')
    if not oidc.client_id.strip():
        raise UsageError("an empty name", where=at("client-id"), do="write the name this console has at the service")
    for group, role in oidc.roles.items():
        if role not in ROLES:
            raise UsageError(f"no role is called {role!r}", where=at("roles", group),
                             do=near(role, ROLES) or f"use one of: {', '.join(ROLES)}")
    if not console.users:
        raise UsageError("people log in only where users are on", where=at(), do="set users = true under [console]")


def loopback(host: str) -> bool:
    """Whether only this machine reaches that address.

    >>> loopback("localhost"), loopback("127.0.0.1"), loopback("::1"), loopback("0.0.0.0"), loopback("line1.example")
    (True, True, True, False, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_name(name: str, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII):
        raise UsageError(f"{name!r} cannot be a name", where=where, do="use letters, digits, '.', '-' and '_'")


def _check_task(loop: str, task: Task, path: Path, text: str) -> None:
    def at(*keys: str) -> str:
        return place_of(path, text, "tasks", loop, *keys)

    # The learners of tasks with an answer depend on the examples.
    known_learners = monitors() if task.task == MONITOR else (task.learner,)
    choices = {"task": (task.task, tasks()), "learner": (task.learner, known_learners),
               "mode-learner": (task.mode_learner, mode_learners()),
               "target": (task.target, backends.targets()), "priority": (task.priority, PRIORITIES)}
    for key, (value, known) in choices.items():
        if value not in known:
            raise UsageError(f"no {key} is called {value!r}", where=at(key),
                             do=near(value, known) or f"use one of: {', '.join(known)}")
    if not backends.target(task.target).runs_on(platform.machine()):
        raise UsageError(f"no node runs here for {task.target!r}: this machine is {platform.machine()}",
                         where=at("target"), do=f'write "pc", and lower the bundle for it with '
                         f"`lineshaft bundle pack --target {task.target}`")
    if task.learn != BY_HAND:
        _duration(task.learn, at("learn"))
    for key, patterns in (("tags", task.tags), ("leave-out", task.leave_out), ("modes", task.modes or ())):
        if any(not pattern.strip() for pattern in patterns) or (key == "tags" and not patterns):
            raise UsageError("an empty tag pattern", where=at(key), do='write patterns of tag paths, such as "*"')
    if task.modes and task.mode_learner not in (AUTO, ONE):
        raise UsageError("operating modes are to be told by tags and by a learner", where=at("mode-learner"),
                         do="take out this key, or modes")
    _check_limits(task, at)
    _check_goal(task, at)


def _check_limits(task: Task, at: Callable[..., str]) -> None:
    for tag, (low, high) in task.limits.items():
        if any(limit is not None and math.isnan(limit) for limit in (low, high)):
            raise UsageError("nan is no limit: every value would pass it", where=at("limits", tag),
                             do="write a number, or leave that side out")
        if low is not None and high is not None and not low < high:
            raise UsageError(f"limits {low:g} to {high:g} hold nothing between them", where=at("limits", tag),
                             do="give low < high")


def _check_goal(task: Task, at: Callable[..., str]) -> None:
    """That the task is told what it is to learn, in its own words."""
    goal = task.goal
    examples.check(task.task, {"predict": goal.predict, "classes": goal.classes, "group": goal.group,
                               "end-of-life": goal.end_of_life}, at)
    if task.task == MONITOR:
        if goal.settings:
            raise UsageError("task monitor has no settings of its own", where=at("settings"), do="take the table out")
        return
    if any(not path.strip() for path in goal.predict):
        raise UsageError("an empty tag path", where=at("predict"), do='write the path of a tag, such as "hall1/NOX"')
    for value in goal.classes:
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            raise UsageError(f"{value!r} is no value of a tag", where=at("classes", value),
                             do='write values and names, such as "0" = "normal"')
    learning(task.task, goal, at)


prepared(Config)
