"""The search of ``lineshaft model train``: its leaderboard, its lock, its journal's key, and the target's budget."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tests.model.plant import dataset, steady
from tests.model.search.small import Small, examples

from lineshaft.app import flow
from lineshaft.app.cli import main
from lineshaft.app.leaderboard import lines, live, picture, save, saved
from lineshaft.app.recipe import Recipe
from lineshaft.app.searching import Searching, Wanted
from lineshaft.app.talk import Talk
from lineshaft.app.template import template
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.core.manifest import Budget
from lineshaft.model.search.board import Board, Row
from lineshaft.model.search.cost import Cost, Unmeasured
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.train import train_monitor
from lineshaft.model.trial import Trial

BOARD = Board((Row("ridge", (0.1, 0.3), "recommended", "", 1.5, Cost("c", 5_000, 7_000, 2**20)),
               Row("trees", (0.5,), "out", "place 2 of 2 after 1 fold"), Row("naive mean", (0.9, 0.8), "in the race")),
              2, 3.0, 9.0, 4, "judging candidates", 30.0)
RECIPE = Recipe("boiler", SECOND, task="infer")


def test_the_table_names_loss_folds_cost_and_why_a_candidate_is_out() -> None:
    head, first, second, _ = lines(BOARD)
    assert head.split()[:3] == ["candidate", "loss", "folds"]
    for word in ("ridge", "0.2", "2/2", "7us", "1.0 MiB", "recommended"):
        assert word in first.replace(" us", "us")
    assert "1/2" in second and second.endswith("place 2 of 2 after 1 fold")


def test_the_last_board_is_there_again(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing was searched here yet"):
        saved(tmp_path)
    save(BOARD, tmp_path, {"bundle": "bundles/boiler-1"})
    board, about = saved(tmp_path)
    assert board.rows == BOARD.rows and about == {"bundle": "bundles/boiler-1"}


def test_a_person_sees_a_table_a_pipe_gets_lines_and_a_program_json(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    screen.print(picture(BOARD))
    assert "ridge" in (shown := screen.file.getvalue()) and "30 s at most" in shown  # type: ignore[attr-defined]
    plain = Console(file=io.StringIO(), width=120)
    with live(Talk(console=plain)) as watch:
        watch(BOARD)
        watch(BOARD)
    assert plain.file.getvalue().count("ridge leads: loss 0.2") == 1  # type: ignore[attr-defined]
    with live(Talk(machine=True)) as watch:
        watch(BOARD)
    told = json.loads(capsys.readouterr().err)
    assert told == {"done": 5, "total": 9, "what": "judging candidates", "left_s": 9.0, "most_s": 30.0,
                    "leader": "ridge", "loss": 0.2}


def test_two_searches_in_one_folder_are_refused(tmp_path: Path) -> None:
    first, second = Searching(tmp_path, "boiler"), Searching(tmp_path, "boiler")
    with first.alone(), pytest.raises(EnvironmentFailed, match="another `lineshaft model train` is at work here"), \
            second.alone():
        pass
    with second.alone():
        assert (tmp_path / ".lineshaft" / ".gitignore").read_text("utf-8") == "*\n"


def test_equal_data_and_settings_go_on_with_one_journal_and_others_begin_their_own(tmp_path: Path) -> None:
    def journals() -> set[str]:
        return {path.name for path in (tmp_path / ".lineshaft" / "search" / "boiler").glob("*.journal")}

    def searched(seed: int = 0, fresh: bool = False, trials: int = 2) -> bytes:
        searching = Searching(tmp_path, "boiler", Wanted(trials=trials, fresh=fresh))
        return searching.choose(Small(), examples(seed=seed), RECIPE, Unmeasured()).graph

    first = searched()
    one = journals()
    size = next((tmp_path / ".lineshaft" / "search" / "boiler").glob("*.journal")).stat().st_size
    assert searched() == first and journals() == one
    assert next((tmp_path / ".lineshaft" / "search" / "boiler").glob("*.journal")).stat().st_size == size
    assert searched(fresh=True) == first and journals() == one
    searched(seed=1)
    assert len(journals()) == 2


def test_a_graph_over_the_budget_is_refused_with_figure_and_limit() -> None:
    given = examples()
    recipe = replace(RECIPE, budget=Budget(SECOND, 1000))
    measured = flow.measuring(given.dataset, given.known, recipe)
    with pytest.raises(Refused, match=r"no candidate keeps the budget.*MiB, more than the 0\.0 MiB allowed"):
        search(Small(), given, execute, measure=measured, limits=Limits(trials=2))


def test_a_monitors_learner_over_the_budget_is_passed_over_with_its_figure() -> None:
    data, normal, heard, asked = dataset(steady(400, 3)), np.ones(400, np.bool_), list[Trial](), list[bytes]()

    def first_is_too_large(graph: bytes) -> str:
        asked.append(graph)
        return "it holds 9 MiB" if len(asked) == 1 else ""

    found = train_monitor(data, normal, execute, heard=heard.append, refused=first_is_too_large)
    assert found.graph == asked[1] != asked[0] and "was left out: it holds 9 MiB" in found.why
    assert [one.learner for one in heard] == [one.learner for one in found.trials]
    with pytest.raises(Refused, match="no learner's graph may run"):
        train_monitor(data, normal, execute, learner="zscore", refused=lambda graph: "it holds 9 MiB")


def test_a_monitors_trials_stand_in_the_same_leaderboard(tmp_path: Path) -> None:
    searching = Searching(tmp_path, "boiler")
    searching.heard(Trial("zscore", 0.8, 0.9, 0.1))
    searching.heard(Trial("cva", reason="too few rows"))
    assert [(row.name, row.state) for row in searching.board.rows] == [("zscore", "in the race"), ("cva", "out")]
    assert searching.board.rows[0].loss == pytest.approx(0.2)


def test_the_leaderboard_of_a_project_that_was_never_trained_says_what_to_do(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lineshaft.toml").write_text(template("plant.csv", name="works"), "utf-8")
    assert main(["model", "leaderboard", "--project", str(tmp_path)]) == 2
    assert "nothing was searched here yet; run `lineshaft model train`" in capsys.readouterr().err


def test_numbers_that_make_no_sense_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lineshaft.toml").write_text(template("plant.csv", name="works"), "utf-8")
    assert main(["model", "train", "--project", str(tmp_path), "--workers", "0"]) == 2
    assert "--workers 1 for one process" in capsys.readouterr().err
