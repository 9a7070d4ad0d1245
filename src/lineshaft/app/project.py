"""A project: the folder with ``lineshaft.toml``, and everything that lies in it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from lineshaft.app import config as files
from lineshaft.app import flow
from lineshaft.app.config import BY_HAND, FILE, PASSWORD, Config, Task
from lineshaft.app.locate import near, place_of
from lineshaft.app.recipe import Recipe
from lineshaft.bundle.inspect import inspect
from lineshaft.connect.registry import manifests
from lineshaft.core.alone import alone as held
from lineshaft.core.clock import parse_duration
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.core.whole import write_whole
from lineshaft.historian.store import EmbeddedHistorian, open_historian

BUNDLES, LOGS, DECIDES, LOCK = "bundles", "logs", "decides", "run.lock"
PATHS = ("pki", "certificate", "private_key")


@dataclass(frozen=True, slots=True)
class Project:
    """One plant, one task, one node; relative paths of the file start at its folder."""

    folder: Path
    config: Config
    loop: str
    recipe: Recipe
    text: str = ""

    @classmethod
    def open(cls, folder: Path) -> Project:
        """The project in ``folder``; ``UsageError`` names file, line and key of a mistake."""
        path = folder / FILE
        config, text = files.read(path)
        loop = next(iter(config.tasks))
        return cls(folder, config, loop, files.recipe(config, loop, path, text), text)

    @property
    def task(self) -> Task:
        return self.config.tasks[self.loop]

    @property
    def learn_ns(self) -> int | None:
        """So much normal operation is recorded before the first training; None: people train and deploy."""
        return None if self.task.learn == BY_HAND else parse_duration(self.task.learn)

    @property
    def source(self) -> str:
        """The plant's URI; a file's path starts at the project's folder."""
        source = self.config.plant.source
        scheme, mark, _ = source.partition(":")
        spoken = {one for manifest in manifests().values() for one in manifest.schemes}
        return source if mark and scheme.lower() in spoken else str(self.folder / source)

    @property
    def options(self) -> dict[str, object]:
        """The connector's options, without the password."""
        given: dict[str, object] = dict(self.config.plant.options)
        return given | {key: str((self.folder / str(given[key])).resolve()) for key in PATHS if key in given}

    @property
    def secret_options(self) -> dict[str, object]:
        """The connector's options with the password from the environment; only OPC UA has one."""
        password = os.environ.get(PASSWORD, "") if self.source.lower().startswith("opc.tcp:") else ""
        return self.options | ({"password": password} if password else {})

    @property
    def key(self) -> Path:
        """The private key that signs bundles."""
        return self.folder / self.config.key

    @property
    def node_folder(self) -> Path:
        return self.folder / self.config.node.folder

    @property
    def logs(self) -> Path:
        return self.folder / LOGS

    def historian(self) -> EmbeddedHistorian:
        """The project's history, opened; several processes may."""
        return open_historian(self.folder / self.config.history)

    def place(self, *keys: str) -> str:
        """``file:line key`` of a key below the task."""
        return place_of(self.folder / FILE, self.text, "tasks", self.loop, *keys)

    # -- bundles

    def bundles(self) -> dict[int, Path]:
        """Packed bundles by version, oldest first."""
        stem = f"{self.loop}-"
        found = {int(number): path for path in (self.folder / BUNDLES).glob(f"{stem}*")
                 if (number := path.name.removeprefix(stem)).isdecimal()}
        return dict(sorted(found.items()))

    def decides(self) -> Path | None:
        """The bundle that a node starts with: the one that decided last or was deployed.

        Where none did, the newest one; None where only people deploy.
        """
        there = self.bundles()
        note = self.folder / BUNDLES / DECIDES
        named = self.folder / BUNDLES / note.read_text("utf-8").strip() if note.exists() else None
        if named in there.values():
            return named
        return max(there.items())[1] if there and self.learn_ns is not None else None

    def note_decides(self, digest: str) -> Path | None:
        """Remember across restarts which bundle decides; None where no bundle of the project has this digest."""
        found = next((path for path in self.bundles().values() if inspect(path)["digest"] == digest), None)
        if found is not None:
            write_whole(self.folder / BUNDLES / DECIDES, f"{found.name}\n")
        return found

    def node_words(self, bundle: Path) -> list[str]:
        """The command that runs a bundle on this project's node."""
        node = self.config.node
        public = flow.signing_key(self.key)
        return ["node", "run", str(bundle), "--source", self.source, "--trust", str(public), "--folder",
                str(self.node_folder), "--name", node.name, "--asset", self.config.plant.name, "--target",
                self.task.target, "--control-port", str(node.control_port), "--opcua-port", str(node.opcua_port),
                *(word for key, value in self.options.items() for word in ("--option", f"{key}={json.dumps(value)}"))]

    # -- tags

    def choose(self, tags: Sequence[Tag]) -> list[Tag]:
        """The task's tags among those of the plant; a pattern, mode or limit that fits none is a mistake.

        Tags that only say what is to be learnt are among them: they are recorded as the others are.
        """
        paths = [tag.path for tag in tags]
        for pattern in self.task.tags:
            if not any(fnmatchcase(path, pattern) for path in paths):
                raise self._unknown(pattern, paths, "tags")
        goal = self.recipe.goal
        teach = [("predict", path) for path in goal.predict] + [
            (key, path) for key, path in (("group", goal.group), ("end-of-life", goal.end_of_life)) if path]
        for key, path in teach:
            if path not in paths:
                raise self._unknown(path, paths, key)
        chosen = flow.choose_tags(tags, self.task.tags, self.task.leave_out)
        there = {tag.path for tag in chosen}
        chosen += [tag for tag in tags if tag.path not in there and tag.path in {path for _, path in teach}]
        paths = [tag.path for tag in chosen]
        for key, named in (("modes", self.task.modes or ()), ("limits", tuple(self.task.limits))):
            for path in named:
                if path not in paths:
                    raise self._unknown(path, paths, *((key, path) if key == "limits" else (key,)))
        return chosen

    def _unknown(self, named: str, paths: Sequence[str], *keys: str) -> UsageError:
        return UsageError(f"none of the plant's {len(paths)} tags matches {named!r}", where=self.place(*keys),
                          do=near(named, paths) or f"see `lineshaft tag browse {self.config.plant.source}`")


def alone(folder: Path) -> AbstractContextManager[None]:
    """The right to run the project in this folder."""
    return held(folder / LOCK, "`lineshaft run`")
