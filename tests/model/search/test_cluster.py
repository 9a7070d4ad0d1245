"""The same search over a Ray cluster of two processes on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.model.search.small import Small, examples

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.model.search.cluster import LOCAL, cluster
from lineshaft.model.search.run import search

pytest.importorskip("ray", reason="extra ray is not installed")


@pytest.mark.timeout(600)
def test_two_workers_of_which_one_is_killed_find_what_one_process_finds(tmp_path: Path) -> None:
    """The candidate "dies once" ends its worker in the middle of a job, as a kill from outside would."""
    task = Small(bad=("dies once", "raises"), note=str(tmp_path / "note"))
    try:
        with cluster(LOCAL) as hands:
            spread = search(task, examples(), execute, hands=hands)
    except EnvironmentFailed as failed:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Ray's own processes did not start in time: {failed.what}")
    assert (tmp_path / "note").exists()
    alone = search(task, examples(), execute)
    assert spread.fitted.graph == alone.fitted.graph and spread.fitted.why == alone.fitted.why
    assert [row.losses for row in spread.board.rows] == [row.losses for row in alone.board.rows]
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_cluster_that_nobody_answers_for_is_one_sentence() -> None:
    with pytest.raises(EnvironmentFailed, match="starting or reaching Ray failed"), cluster("127.0.0.1:1"):
        pass
