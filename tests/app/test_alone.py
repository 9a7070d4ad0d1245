"""One at a time: held, freed by the end of its process, and told apart from a folder that can't be written."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lineshaft.core.alone import alone
from lineshaft.core.errors import EnvironmentFailed

HOLD = """
import sys, time
from pathlib import Path
from lineshaft.core.alone import alone
with alone(Path(sys.argv[1]), "node"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_another_process_holds_it_until_it_dies(tmp_path: Path) -> None:
    lock = tmp_path / "node.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(EnvironmentFailed, match="another node is at work here; end it with a word"), \
            alone(lock, "node", do="end it with a word"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with alone(lock, "node"):
        pass


@pytest.mark.parametrize("spoilt", ["a folder in its place", "no folder around it", "no database"])
def test_a_lock_that_cannot_be_taken_is_no_other_process(tmp_path: Path, spoilt: str) -> None:
    lock = tmp_path / "node.lock"
    if spoilt == "a folder in its place":
        lock.mkdir()
    elif spoilt == "no database":
        lock.write_bytes(b"no database at all\n" * 100)
    else:
        lock = tmp_path / "nowhere" / "node.lock"
    with pytest.raises(EnvironmentFailed, match="nothing can be written here") as refusal, alone(lock, "node"):
        pass
    assert refusal.value.do


def test_a_folder_in_which_nothing_came_of_it_is_left_as_it_was_found(tmp_path: Path) -> None:
    lock = tmp_path / "node.lock"
    with pytest.raises(EnvironmentFailed, match="no room"), alone(lock, "node"):
        raise EnvironmentFailed("no room")
    assert not lock.exists()
    with alone(lock, "node"):
        pass
    with pytest.raises(EnvironmentFailed, match="no room"), alone(lock, "node"):
        raise EnvironmentFailed("no room")
    assert lock.exists(), "it was there before"
