"""Whatever comes over a wire or out of a file is decoded by many threads at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In a process of its own: other tests of this one have decoded these types already.
PROBE = """
import importlib, sys
module = importlib.import_module(sys.argv[1])
unprepared = [name for name in sys.argv[2:] if "__msgspec_cache__" not in vars(getattr(module, name))]
sys.exit(f"{unprepared} are learnt at the first use" if unprepared else 0)
"""


@pytest.mark.parametrize(("module", "kinds"), [
    ("lineshaft.app.remote", ("Glance", "HealthReport", "Alarm", "Decision")),
    ("lineshaft.node.buffer", ("Alarm", "Transition")),
    ("lineshaft.node.journal", ("Transition",)),
    ("lineshaft.bundle.contents", ("Manifest", "Certificate"))])
def test_a_type_is_known_before_two_threads_can_come_first(module: str, kinds: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE, module, *kinds], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
