"""Generated C under the address and undefined-behaviour sanitizers: no finding, and the same outputs."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.backend.c.small import CHANNELS, FAMILIES, SINGLE, whole
from tests.backend.c.test_operators import inputs, judge

from lineshaft.backend import backend, target
from lineshaft.backend._c import archive, build
from lineshaft.bundle.replay import distance
from lineshaft.graph.check import signature

PC = target("pc")
WILD = np.array([[0.0, -0.0, 1e-40, -1e-40, 1e30, -1e30], [88.0, -88.0, 104.0, 0.5, 1.5, 2.5],
                 [-0.5, 3e9, -3e9, 1e-30, 1e8, -1e8],
                 [3.4e38, -3.4e38, 127.5, -127.5, 2147483648.0, -2147483648.0]], np.float32)
# Without -g: its variable tracking takes gcc 12 a minute where the sanitizers have split one large function.
SANITIZED = ("-O0", "-fno-math-errno", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
DRIVER = """#include "step.h"
#include <stdio.h>

static step_t s;

int main(void)
{
    step_reset(&s);
    while (fread(s.x, sizeof s.x, 1, stdin) == 1 && fread(s.quality, sizeof s.quality, 1, stdin) == 1) {
        step_step(&s);
        WRITES
    }
    return 0;
}
"""
WRITE = "if (fwrite((char *)&s + {}, {}, 1, stdout) != 1) return 2;"
CHOSEN = [*FAMILIES, *(name for place, name in enumerate(sorted(SINGLE)) if place % 3 == 0), "newest first, long"]


def sanitized(made: bytes, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]], folder: Path) -> bytes:
    """Outputs of the driver, tick by tick in the order of the graph; the sanitizers end it at their first finding."""
    artifact = archive.unpack(backend("c").compile(made, PC))
    for name in ("step.c", "step.h"):
        (folder / name).write_bytes(artifact[name])
    places = archive.layout(artifact)["outputs"]
    writes = [WRITE.format(places[port.name], 4 * math.prod(port.shape)) for port in signature(made).outputs]
    (folder / "driver.c").write_text(DRIVER.replace("WRITES", "\n        ".join(writes)))
    build.compile_(build.compiler(), [*build.STRICT, *SANITIZED, "step.c", "driver.c", "-o", "driver"], str(folder))
    feed = np.stack([x, np.ones_like(x)], axis=1).tobytes()
    done = subprocess.run([folder / "driver"], input=feed, capture_output=True, check=False)
    assert not done.stderr, done.stderr.decode()[:2000]
    assert done.returncode == 0
    return done.stdout


@pytest.mark.usefixtures("quickly_compiled")
@pytest.mark.parametrize("name", sorted(set(CHOSEN)))
def test_generated_code_has_no_finding_of_the_sanitizers(name: str, tmp_path: Path) -> None:
    made, x = whole(name), np.concatenate([inputs()[:40], WILD, inputs()[:3]])
    found = np.frombuffer(sanitized(made, x, tmp_path), np.float32).reshape(len(x), -1)
    reference = judge(made, name)
    for tick, row in enumerate(x[:40 if name in SINGLE else 8]):
        reference.x[0], reference.quality[0] = row, 1.0
        reference.step()
        expected = np.concatenate([reference.out[port.name].ravel() for port in reference.signature.outputs])
        assert distance(found[tick], expected).max() <= 2e-5
    assert x.shape[1] == CHANNELS
