"""The command line's grammar: help, exit codes, JSON on stdout, talk on stderr, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineshaft.app.cli import main
from lineshaft.app.cli.command import Command, commands, emit


def words(found: Command, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Command]]:
    path = (*before, found.name)
    yield path, found
    for verb in found.verbs:
        yield from words(verb, path)


EVERY = [entry for command in commands() for entry in words(command)]


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[" ".join(path) for path, _ in EVERY])
def test_every_command_explains_itself(path: tuple[str, ...], command: Command,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*path, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert command.help in " ".join(said.split())
    assert command.verbs or "--output" in said


@pytest.mark.parametrize("path", [path for path, command in EVERY if command.verbs], ids=" ".join)
def test_a_noun_without_a_verb_shows_its_verbs_and_is_bad_usage(path: tuple[str, ...],
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    assert main(path) == 2
    shown = capsys.readouterr()
    assert "verbs:" in shown.err and not shown.out


@pytest.mark.parametrize("line", ["", "nonsense", "tag nonsense", "run --nonsense", "alarm shelve"])
def test_what_is_no_command_is_bad_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(line.split())
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.fixture
def project(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path), "--source", "opc.tcp://127.0.0.1:9/"]) == 0
    return tmp_path


@pytest.mark.parametrize(("line", "code", "says"), [
    ("run --project {none}", 2, "no such file; write one with `lineshaft init`"),
    ("run --check --project {here}", 3, "127.0.0.1:9"),
    ("run --project {here} --for soon", 2, "'soon' is not a duration"),
    ("init {here}", 2, "is there already"),
    ("init {none} --period never", 2, "lineshaft.toml:"),
    ("tag browse nowhere://x", 2, "no connector answers to 'nowhere://'"),
    ("tag browse {none}/plant.csv", 2, "plant.csv"),
    ("tag browse opc.tcp://127.0.0.1:9/", 3, "127.0.0.1:9"),
    ("tag browse opc.tcp://h:1/ --option password=x", 2, "LINESHAFT_PASSWORD"),
    ("model train --project {here}", 2, "nothing is recorded yet; record with `lineshaft run`"),
    ("model rehearse --project {here}", 2, "there is no bundle yet"),
    ("dataset build --project {here}", 2, "nothing is recorded yet"),
    ("dataset quality --project {here} --last x", 2, "'x' is not a duration"),
    ("decision list --project {here} --start yesterday", 2, "'yesterday' is not a time"),
    ("feedback bad --project {here}", 2, "has raised no alarm"),
    ("feedback bad 2024-01-01 --project {here}", 2, "there is no decision in this stretch"),
    ("feedback good 2024-01-02/2024-01-01 --project {here}", 2, "the stretch is empty"),
    ("feedback retrain --project {here}", 3, "no node runs in this folder"),
    ("alarm list --folder {none}", 3, "no node runs in this folder"),
    ("node status --folder {none}", 3, "no node runs in this folder"),
    ("console serve --project {none}", 2, "no such folder"),
    ("console serve --project {here} --port 70000", 2, "--port: 70000 is not a port"),
    ("bundle show {none}", 2, "none"),
    ("bundle deploy cell-1 --project {here}", 2, "no bundle of this project; make one with `lineshaft model train`"),
    ("bundle verify {here} --trust {here}", 1, "does not belong in a bundle"),
    ("graph show {here}/x.onnx", 2, "x.onnx"),
    ("key new {here}/lineshaft.toml", 2, "exists already"),
])
def test_what_goes_wrong_is_one_sentence_and_an_exit_code(line: str, code: int, says: str, project: Path,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([word.format(here=project, none=project / "none") for word in line.split()]) == code
    shown = capsys.readouterr()
    assert not shown.out
    assert says in shown.err
    assert shown.err.startswith("lineshaft: ") and shown.err.count("\n") == 1, shown.err


@pytest.mark.parametrize("line", ["init {here}/new -o json", "init --print -o json", "key new {here}/k.key -o json",
                                  "decision list --project {here} -o json", "feedback review --project {here} -o json",
                                  "tag list --project {here} -o json", "tag browse {here}/a.csv --values -o json",
                                  "tag read {here}/a.csv *flow -o json", "plant faults -o json"])
def test_output_as_json_is_one_document(line: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"2024-01-01 00:00:{n:02},{n},{2 * n}" for n in range(60)]
    (project / "a.csv").write_text("time,flow [L/min],speed\n" + "\n".join(rows) + "\n", "utf-8")
    capsys.readouterr()
    assert main(line.format(here=project).split()) == 0
    json.loads(capsys.readouterr().out)


def test_init_keeps_keys_and_history_out_of_git(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / ".gitignore").write_text("mine\n")
    assert main(["init", str(tmp_path / "new")]) == main(["init", str(tmp_path / "old")]) == 0
    assert {"console/", "keys/", "history/", "node/"} <= set((tmp_path / "new" / ".gitignore").read_text().split())
    assert (tmp_path / "old" / ".gitignore").read_text() == "mine\n"


def test_init_never_overwrites(project: Path) -> None:
    path = project / "lineshaft.toml"
    path.write_text("mine", "utf-8")
    assert main(["init", str(project)]) == 2
    assert path.read_text("utf-8") == "mine"


def test_debug_shows_the_error_itself(project: Path) -> None:
    with pytest.raises(Exception, match="no node runs"):
        main(["node", "status", "--folder", str(project / "none"), "--debug"])


NODE_PATH = """
import sys
from lineshaft.app.cli import main
from lineshaft.app import edge
main(["node", "run", "nowhere", "--source", "opc.tcp://127.0.0.1:9/", "--trust", "nowhere.pub"])
import lineshaft.backend.onnxruntime, lineshaft.connect.opcua.connector
heavy = {"onnx", "scipy", "duckdb", "deltalake", "pandas", "rich", "lineshaft.graph", "lineshaft.model",
         "lineshaft.dataset", "lineshaft.historian", "lineshaft.feedback"}
print(sorted(heavy & set(sys.modules)))
"""


def test_a_node_loads_neither_the_graph_nor_what_the_centre_needs() -> None:
    done = subprocess.run([sys.executable, "-c", NODE_PATH], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
    assert done.stderr.startswith("lineshaft: ") and "Traceback" not in done.stderr


def test_nothing_that_a_stranger_named_is_obeyed_by_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "show", "a\x1b[2J\x07.onnx"]) == 2
    assert capsys.readouterr().err == "lineshaft: a?[2J?.onnx: no such file; check the path\n"
    emit(Namespace(output="text"), {}, ["loop \x1b]0;title\x07, \u6e29\u5ea6", "two\nlines"])
    assert capsys.readouterr().out == "loop ?]0;title?, \u6e29\u5ea6\ntwo\nlines\n"
