"""Full disks, folders without rights, damaged files: one sentence, and nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.sample import Sample, Samples
from lineshaft.historian import hot as hot_module
from lineshaft.historian.store import open_historian

# Appends and compacts until the disk refuses, then tells what was acknowledged and what was said.
UNTIL_FULL = """
import json, resource, signal, sys
import numpy as np
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.sample import Samples
from lineshaft.historian.store import open_historian

folder, limit = sys.argv[1], int(sys.argv[2])
historian = open_historian(folder, flush_rows=20_000)
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
noise, acknowledged, said = np.random.default_rng(0), 0, []
for number in range(2_000):
    try:
        historian.append(Samples.row([f"t{n}" for n in range(500)], number, noise.normal(size=500)), key=str(number))
        acknowledged += 1
        if number % 50 == 49:
            historian.compact()
    except EnvironmentFailed as error:
        said.append(str(error))
        if len(said) == 5:
            break
count = sum(map(len, historian.read([f"t{n}" for n in range(500)], 0, 10**6).values()))
newest = historian.as_of(["t0"], 10**6)["t0"].time
print(json.dumps([acknowledged, count, newest, said]))
"""
READ_ONLY = """
import sys
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.historian.store import open_historian
try:
    open_historian(sys.argv[1])
except EnvironmentFailed as error:
    print(error)
"""


def in_namespace(mount: Path, setup: str, code: str, *given: str) -> str:
    """Run Python code where ``setup`` may mount file systems of its own; skips where that is not allowed."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("needs unshare with mount rights")
    script = f'{setup} && shift 0 && exec "$0" -c "$1" "$2" "$3"'
    run = subprocess.run(["unshare", "-rm", "sh", "-c", script, sys.executable, code, str(mount), *given, ""],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


def put(folder: Path, *samples: Sample, compact: bool = False) -> None:
    with open_historian(folder) as historian:
        historian.append(Samples.of(samples))
        if compact:
            historian.compact()


def check_full(output: str, sentence: str) -> None:
    acknowledged, count, newest, said = json.loads(output.splitlines()[-1])
    assert acknowledged > 10
    assert count == acknowledged * 500
    assert newest == acknowledged - 1
    assert len(said) == 5
    assert all(sentence in text and "\n" not in text for text in said), said


def test_a_full_disk_is_one_sentence_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    out = in_namespace(tmp_path, f"mount -t tmpfs -o size=6m tmpfs {tmp_path}", UNTIL_FULL, "0")
    check_full(out, "the disk is full")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_a_file_size_limit_is_one_sentence_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", UNTIL_FULL, str(tmp_path), "3000000"], capture_output=True,
                         text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    check_full(run.stdout, str(tmp_path))


def test_a_read_only_disk_is_one_sentence(tmp_path: Path) -> None:
    put(tmp_path, Sample("a", 1, 1.0))
    setup = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path}"
    said = in_namespace(tmp_path, setup, READ_ONLY)
    assert said.count("\n") == 1
    assert str(tmp_path) in said
    assert "writ" in said


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="rights do not bind the superuser")
def test_a_folder_without_rights_is_one_sentence(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    try:
        with pytest.raises(EnvironmentFailed, match="give this user the right"):
            open_historian(locked)
        with pytest.raises(EnvironmentFailed, match=r"give this user the right|permission denied"):
            open_historian(locked / "deeper")
    finally:
        locked.chmod(0o755)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_text("time,flow\n")
    with pytest.raises(UsageError, match="a file, not a folder"):
        open_historian(tmp_path / "plant.csv")


@pytest.mark.parametrize("content", [b"not a database at all" * 200, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_sqlite_file_is_named(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, Sample("a", 1, 1.0))
    (tmp_path / "hot.sqlite").write_bytes(content)
    with pytest.raises(EnvironmentFailed, match=r"hot\.sqlite: the file is damaged"):
        open_historian(tmp_path)


def test_an_sqlite_file_of_something_else_is_named(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "hot.sqlite")
    other.execute("CREATE TABLE recipes(name)")
    other.close()
    with pytest.raises(EnvironmentFailed, match=r"hot\.sqlite: the file is damaged"):
        open_historian(tmp_path)


@pytest.mark.parametrize("keep", [0, 5, 0.5, -1])
def test_a_torn_parquet_file_is_named(tmp_path: Path, keep: float) -> None:
    put(tmp_path, *(Sample("a", time, 1.0) for time in range(100)), compact=True)
    (file,) = (tmp_path / "samples").glob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:int(keep * len(content)) if isinstance(keep, float) else keep])
    with open_historian(tmp_path) as historian, pytest.raises(EnvironmentFailed) as said:
        historian.read(["a"], 0, 100)
    assert str(said.value).startswith(f"{file}: the file is damaged")


def test_a_missing_parquet_file_is_named(tmp_path: Path) -> None:
    put(tmp_path, Sample("a", 1, 1.0), compact=True)
    (file,) = (tmp_path / "samples").glob("*.parquet")
    file.unlink()
    with open_historian(tmp_path) as historian, pytest.raises(EnvironmentFailed, match=file.name):
        historian.read(["a"], 0, 100)


def test_a_torn_commit_is_named(tmp_path: Path) -> None:
    put(tmp_path, Sample("a", 1, 1.0), compact=True)
    (commit,) = (tmp_path / "samples" / "_delta_log").glob("*.json")
    commit.write_bytes(commit.read_bytes()[:100])
    with open_historian(tmp_path) as historian, pytest.raises(EnvironmentFailed, match=commit.name):
        historian.read(["a"], 0, 100)


def test_lost_halves_are_told_apart_from_an_empty_historian(tmp_path: Path) -> None:
    put(tmp_path, Sample("a", 1, 1.0), compact=True)
    shutil.move(tmp_path / "samples", tmp_path / "away")
    with open_historian(tmp_path) as historian:
        with pytest.raises(EnvironmentFailed, match="restore both from the same copy"):
            historian.read(["a"], 0, 100)
        historian.append(Samples.of([Sample("a", 2, 2.0)]))
        with pytest.raises(EnvironmentFailed, match="restore"):
            historian.compact()
    shutil.move(tmp_path / "away", tmp_path / "samples")
    (tmp_path / "hot.sqlite").unlink()
    with pytest.raises(EnvironmentFailed, match=r"hot\.sqlite: the file is missing"):
        open_historian(tmp_path)


def test_an_older_front_beside_newer_samples_is_refused(tmp_path: Path) -> None:
    put(tmp_path, Sample("a", 1, 1.0), compact=True)
    shutil.copy(tmp_path / "hot.sqlite", tmp_path / "old")
    put(tmp_path, Sample("a", 2, 2.0), compact=True)
    shutil.copy(tmp_path / "old", tmp_path / "hot.sqlite")
    with pytest.raises(EnvironmentFailed, match=r"hot\.sqlite: it is older than the samples folder"):
        open_historian(tmp_path)


def test_damage_in_delta_does_not_stop_appends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, Sample("a", 1, 1.0), compact=True)
    (commit,) = (tmp_path / "samples" / "_delta_log").glob("*.json")
    whole = commit.read_bytes()
    commit.write_bytes(whole[:100])
    with open_historian(tmp_path, flush_rows=1) as historian:
        assert historian.append(Samples.of([Sample("a", 2, 2.0)]))
    assert "samples stay in SQLite for now" in caplog.text
    commit.write_bytes(whole)
    with open_historian(tmp_path) as historian:
        historian.compact()
        assert historian.read(["a"], 0, 10)["a"].value.tolist() == [1.0, 2.0]


def test_a_folder_of_a_newer_lineshaft_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, Sample("a", 1, 1.0))
    with sqlite3.connect(tmp_path / "hot.sqlite") as link:
        link.execute("UPDATE state SET layout = 99")
    link.close()
    with pytest.raises(EnvironmentFailed, match="newer Lineshaft"):
        open_historian(tmp_path)


def test_a_writer_that_never_ends_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_module, "_BUSY_SECONDS", 0.05)
    put(tmp_path, Sample("a", 1, 1.0))
    stuck = sqlite3.connect(tmp_path / "hot.sqlite", isolation_level=None)
    stuck.execute("BEGIN IMMEDIATE")
    try:
        with open_historian(tmp_path) as historian:
            with pytest.raises(EnvironmentFailed, match="busy for too long"):
                historian.append(Samples.of([Sample("a", 2, 2.0)]))
            assert historian.as_of(["a"], 10)["a"].value == 1.0  # reading goes on
    finally:
        stuck.close()


def test_a_closed_historian_says_so(tmp_path: Path) -> None:
    historian = open_historian(tmp_path)
    historian.close()
    historian.close()
    with pytest.raises(UsageError, match="is closed"):
        historian.append(Samples.row(["a"], 1, np.zeros(1)))
