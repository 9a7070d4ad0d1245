"""``lineshaft dataset check`` on files: a leak ends a build, and says where."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lineshaft.app.cli import main

ROWS = 300


def write(path: Path, rng: np.random.Generator, *, copied: bool = False, disguise: bool = False) -> Path:
    """Independent rows of three columns and a class that the first two tell; every third row tests."""
    values = rng.normal(size=(ROWS, 3))
    label = np.where(values[:, 0] + values[:, 1] > 0, "worn", "good")
    if copied:
        values[2::3] = values[0::3]
        label[2::3] = label[0::3]
    lines = ["a,b,c,asset,split,state"]
    for row in range(ROWS):
        third = (label[row] == "worn") * 2.0 if disguise else values[row, 2]
        split = "test" if row % 3 == 2 else "fit"
        lines.append(f"{values[row, 0]},{values[row, 1]},{third},m{row % 3},{split},{label[row]}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def check(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, object]]:
    code = main(["dataset", "check", *map(str, words), "-o", "json", "--quiet"])
    return code, json.loads(capsys.readouterr().out)


def test_a_clean_table_passes(tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", rng)
    code, said = check(capsys, path, "--part", "split", "--label", "state", "--group", "asset")
    assert code == 0 and said["clean"] and said["columns"] == ["a", "b", "c"] and said["judging"] == ROWS // 3


@pytest.mark.parametrize("planted", ["copied", "disguise"])
def test_a_leak_fails_the_build(
        planted: str, tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", rng, **{planted: True})
    code, said = check(capsys, path, "--part", "split", "--label", "state", "--leave-out", "asset")
    assert code == 1 and not said["clean"]


def test_files_of_the_two_sides_are_compared(
        tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = write(tmp_path / "a.csv", rng), write(tmp_path / "b.csv", rng)
    words = ("--test", other, "--label", "state", "--leave-out", "split")
    assert check(capsys, one, *words, "--leave-out", "asset")[0] == 0
    code, said = check(capsys, one, *words, "--group", "asset")
    leaks = said["leaks"]
    assert code == 1 and isinstance(leaks, list) and leaks[0]["kind"] == "groups" and leaks[0]["where"] == "asset"


def test_wrong_labels_are_named(tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", rng)
    lines = path.read_text("utf-8").splitlines()
    clear = [n for n, line in enumerate(lines[1:], 1) if abs(sum(map(float, line.split(",")[:2]))) > 1.5]
    for number in clear[:8]:
        line = lines[number]
        lines[number] = line.replace("worn", "good") if line.endswith("worn") else line.replace("good", "worn")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    _, said = check(capsys, path, "--part", "split", "--label", "state", "--leave-out", "asset", "--doubt-labels")
    doubted = said["doubted_labels"]
    assert isinstance(doubted, list)
    assert len({one["row"] for one in doubted} & {number - 1 for number in clear[:8]}) >= 6


@pytest.mark.parametrize(("words", "problem"), [
    (("--label", "state"), "nothing says which rows test"),
    (("--part", "nothere"), "no column is called 'nothere'"),
    (("--part", "a"), "all rows are on one side")])
def test_what_can_not_be_checked_is_said(words: tuple[str, ...], problem: str, tmp_path: Path,
                                         rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "check", str(write(tmp_path / "a.csv", rng)), *words]) == 2
    assert problem in capsys.readouterr().err
