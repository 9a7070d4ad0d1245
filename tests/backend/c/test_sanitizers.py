"""Generated C under the address and undefined-behaviour sanitizers: no finding, and the same outputs."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.backend.c.small import CHANNELS, GRAPHS, graph
from tests.backend.c.test_operators import inputs, judge

from lineshaft.backend import backend, target
from lineshaft.backend._c import build
from lineshaft.bundle.replay import distance

PC = target("pc")
WILD = np.array([[0.0, -0.0, 1e-40, -1e-40, 1e30, -1e30], [88.0, -88.0, 104.0, 0.5, 1.5, 2.5],
                 [-0.5, 3e9, -3e9, 1e-30, 1e8, -1e8],
                 [3.4e38, -3.4e38, 127.5, -127.5, 2147483648.0, -2147483648.0]], np.float32)
# Without -g: its variable tracking takes gcc 12 a minute where the sanitizers have split one large function.
SANITIZED = ("-O1", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
DRIVER = """#include "step.h"
#include <stdio.h>

static step_t s;

int main(void)
{
    step_reset(&s);
    while (fread(s.x, sizeof s.x, 1, stdin) == 1 && fread(s.quality, sizeof s.quality, 1, stdin) == 1) {
        step_step(&s);
        if (fwrite(s.output_y, sizeof s.output_y, 1, stdout) != 1) return 2;
    }
    return 0;
}
"""
CHOSEN = [name for place, name in enumerate(sorted(GRAPHS)) if place % 7 == 0] + [
    "Exp", "Log of anything", "Sin", "Cast to int and back", "Conv streaming", "newest first, long", "TopK of equals",
    "MatMul of many columns"]


def sanitized(made: bytes, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]], folder: Path) -> bytes:
    """Outputs of the driver; the sanitizers end it at their first finding."""
    with zipfile.ZipFile(io.BytesIO(backend("c").compile(made, PC))) as archive:
        archive.extractall(folder)
    (folder / "driver.c").write_text(DRIVER)
    build.compile_(build.compiler(), [*build.STRICT, *SANITIZED, "step.c", "driver.c", "-o", "driver"], str(folder))
    feed = np.stack([x, np.ones_like(x)], axis=1).tobytes()
    done = subprocess.run([folder / "driver"], input=feed, capture_output=True, check=False)
    assert not done.stderr, done.stderr.decode()[:2000]
    assert done.returncode == 0
    return done.stdout


@pytest.mark.parametrize("name", sorted(set(CHOSEN)))
def test_generated_code_has_no_finding_of_the_sanitizers(name: str, tmp_path: Path) -> None:
    made, x = graph(name), np.concatenate([inputs()[:40], WILD, inputs()[:3]])
    found = np.frombuffer(sanitized(made, x, tmp_path), np.float32).reshape(len(x), -1)
    reference = judge(made, name)
    for tick, row in enumerate(x):
        reference.x[0], reference.quality[0] = row, 1.0
        reference.step()
        if tick < 40:
            assert distance(found[tick], reference.out["y"].ravel()).max() <= 2e-5
    assert found.shape[0] == 40 + len(WILD) + 3
    assert x.shape[1] == CHANNELS
