"""The console's database: private, of one version, shared by processes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from lineshaft.app.console.security.store import VERSION, Store
from lineshaft.core.errors import EnvironmentFailed


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_only_its_owner_reads_it_nor_the_files_beside(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write() as db:
        db.execute("INSERT INTO meta VALUES ('a', 'b')")
    modes = {path.name: path.stat().st_mode & 0o777 for path in store.path.parent.glob("console.sqlite*")}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    assert store.path.parent.stat().st_mode & 0o777 == 0o700
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    Store(tmp_path).close()
    path = tmp_path / "console" / "console.sqlite"
    path.chmod(0o644)
    Store(tmp_path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_stays_out_of_git(tmp_path: Path) -> None:
    Store(tmp_path).close()
    assert (tmp_path / "console" / ".gitignore").read_text() == "*\n"


def test_a_newer_version_is_refused_by_a_sentence_and_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    with sqlite3.connect(store.path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(EnvironmentFailed, match=f"of version {VERSION + 1}, this program knows {VERSION}.*update"):
        Store(tmp_path)
    with sqlite3.connect(store.path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)


def test_something_else_by_that_name_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "console.sqlite").write_text("no database, but long enough to be one " * 20)
    with pytest.raises(EnvironmentFailed, match=r"console\.sqlite: the console's database cannot be opened"):
        Store(tmp_path)


def test_another_process_may_have_it_open_and_write(tmp_path: Path) -> None:
    store = Store(tmp_path)
    script = ("import sys; from pathlib import Path; from lineshaft.app.console.security.store import Store\n"
              "store = Store(Path(sys.argv[1]))\n"
              "for i in range(20):\n"
              "    with store.write() as db: db.execute('INSERT INTO meta VALUES (?, ?)', (sys.argv[2] + str(i), ''))")
    others = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name]) for name in ("a", "b")]
    for i in range(20):
        with store.write() as db:
            db.execute("INSERT INTO meta VALUES (?, ?)", (f"c{i}", ""))
    assert [other.wait() for other in others] == [0, 0]
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM meta").fetchone() == (60,)
    store.close()


def test_a_block_that_fails_leaves_nothing_behind_also_inside_another(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(KeyError), store.write() as db:
        with store.write() as inner:
            inner.execute("INSERT INTO meta VALUES ('inner', '')")
        db.execute("INSERT INTO meta VALUES ('outer', '')")
        raise KeyError
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    store.close()
