"""A process dies at a step of what it writes: what it said is done is there, and what it was at is there or not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from tests.faults.case import Injection, Outcome, case
from tests.faults.doomed import SUBJECTS

STEPS = [(name, step) for name, subject in SUBJECTS.items() for step in subject.steps]
PATIENCE_S = 120


@case(1, 5, 6, 7, times=2 * len(STEPS), quick=5)
def killed_at_a_step(at: Injection) -> Outcome:
    """kill -9 before or after each step of: packing a bundle, noting which one decides (a power cut in mid-swap),
    keeping an alarm's change, writing and emptying the outbox, and writing lineshaft.toml from the set-up, which stands
    for a reload."""
    name, step = STEPS[at.seed * 7 % len(STEPS)]
    words = ["-m", "tests.faults.doomed", name, step, str(at.chance.randint(1, 8)), str(at.folder)]
    ended = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == -signal.SIGKILL, f"{name}, {step}: it ended with {ended.returncode}"
    begun = time.monotonic()
    wrong = SUBJECTS[name].wrong(at.folder, len(ended.stdout.split()))
    return Outcome(lies=tuple(f"{name}, {step}: {one}" for one in wrong), recovery_s=(time.monotonic() - begun,))
