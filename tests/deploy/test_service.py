"""The unit for systemd: what systemd itself says of it, and that a node runs under its hardest restriction."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.small import small_node

from lineshaft.app.cli import main

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "lineshaft-node.service"
MOST_EXPOSED = 20  # tenths; 100 is a service without any restriction
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")


def exec_start() -> str:
    found = re.search(r"^ExecStart=((?:.*\\\n)*.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[1].replace("\\\n", " ")


@analyze
def test_systemd_finds_no_mistake_in_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text("utf-8").replace("/opt/lineshaft/bin/lineshaft", sys.executable)
    (tmp_path / UNIT.name).write_text(text, "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(tmp_path / UNIT.name)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, []), done.stderr


@analyze
def test_the_unit_leaves_a_node_little_to_do_harm_with() -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNIT)],
                          capture_output=True, text=True, timeout=60, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze judges running services only")
    assert done.returncode == 0, done.stdout[-2000:]


def test_what_it_starts_is_a_command_of_ours(tmp_path: Path) -> None:
    words = exec_start().split()
    assert words[1:3] == ["node", "run"]
    known = {"${BUNDLE}": "cell-1.tar", "${SOURCE}": "plant:", "${NAME}": "node1", "$OPTIONS": "", "%S": str(tmp_path)}
    for sign, value in known.items():
        words = [word.replace(sign, value) for word in words]
    assert main([word for word in words[1:] if word]) == 2, "it parses, and there is no such bundle"


def test_every_variable_of_the_unit_is_in_the_file_to_copy() -> None:
    given = set(re.findall(r"^(\w+)=", UNIT.with_name("node.env").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\$\{?(\w+)", exec_start())) == given


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has it")
def test_a_node_needs_no_memory_that_is_both_written_and_run(tmp_path: Path) -> None:
    libc = ctypes.CDLL(None)
    if libc.prctl(66, 0, 0, 0, 0) < 0:  # PR_GET_MDWE
        pytest.skip("this kernel can't forbid it")
    with small_node(tmp_path) as node:
        node.start(before=lambda: libc.prctl(65, 1, 0, 0, 0)).first_line()  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
        node.active()
