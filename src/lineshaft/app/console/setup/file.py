"""lineshaft.toml as set-up sees it: what stands there, what would stand there, and writing it safely."""

from __future__ import annotations

import difflib
import hashlib
import os
import threading
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lineshaft.app.cli.init import IGNORED
from lineshaft.app.config import FILE, check
from lineshaft.app.console.setup.edit import Change, edited
from lineshaft.app.template import template
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError

ROOTS = ("plant", "tasks")
AROUND = 3
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference; ``number`` counts in the new text, for removed lines in the old one."""

    kind: Literal["same", "add", "remove"]
    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that may be written; ``digest`` names the content that it was made from, empty where there is no file."""

    text: str
    digest: str
    lines: tuple[Line, ...]

    @property
    def changed(self) -> bool:
        return any(line.kind != "same" for line in self.lines)


def current(folder: Path) -> tuple[str, str]:
    """The text and its digest, both empty where there is no file."""
    path = folder / FILE
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig"), hashlib.sha256(content).hexdigest()
    except FileNotFoundError:
        return "", ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't be read as UTF-8 text ({error})", where=str(path), do="check the file") from None


def drafted(folder: Path, changes: Sequence[Change], *, loop: str = "cell") -> Draft:
    """What the changes make of the file, or of the commented template where there is none.

    ``UsageError`` where the result is no valid file, or where set-up has no business: how the console itself is
    reached and who may log in is not changed from a browser.
    """
    for change in changes:
        if not change.path or change.path[0] not in ROOTS:
            raise UsageError("this key is not changed from here", where=".".join(change.path),
                             do="change it with an editor")
    old, digest = current(folder)
    _readable(old)
    text = edited(old or template(loop=loop), changes)
    check(text, Path(FILE))
    return Draft(text, digest, difference(old, text))


def write(folder: Path, draft: Draft) -> str:
    """Put the draft in place, whole or not at all; its digest. ``Refused`` where the file is another by now."""
    path = (folder / FILE).resolve()
    content = draft.text.encode()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _writing:
        if current(folder)[1] != draft.digest:
            raise Refused("the file was changed meanwhile", where=FILE, do="look at it again; nothing was written")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _in_place(part, path, new=not draft.digest)
            ignored = folder / ".gitignore"
            if not draft.digest and not ignored.exists():
                ignored.write_text(IGNORED, "utf-8", newline="\n")
        except FileExistsError:
            raise Refused("the file was made meanwhile", where=FILE, do="look at it again; nothing was written"
                          ) from None
        except OSError as error:
            raise EnvironmentFailed(f"can't be written ({error.strerror})", where=str(path),
                                    do="look at the folder's owner and the disk") from None
        finally:
            with suppress(OSError):
                part.unlink()
    return hashlib.sha256(content).hexdigest()


def difference(old: str, new: str) -> tuple[Line, ...]:
    """What changes, with a few lines around it; all lines of a new file."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Line] = []
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(AROUND):
        for kind, a, b, c, d in group:
            if kind == "equal":
                found += [Line("same", after[at], at + 1) for at in range(c, d)]
                continue
            found += [Line("remove", before[at], at + 1) for at in range(a, b)]
            found += [Line("add", after[at], at + 1) for at in range(c, d)]
    return tuple(found)


def _readable(text: str) -> None:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        check(text, Path(FILE))  # says which line


def _in_place(part: Path, path: Path, *, new: bool) -> None:
    if new:
        os.link(part, path)  # fails where somebody was faster
        return
    part.chmod(path.stat().st_mode & 0o777)
    part.replace(path)
