"""Whole steps of integers under the sanitizers: no overflow, whatever integers come in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.backend.c.fixed.made import PC, small
from tests.backend.c.fixed.test_monitors import compiled

from lineshaft.backend import backend
from lineshaft.backend._c import archive, build

SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
DRIVER = """#include "step.h"
#include <stdio.h>

static step_t s;

int main(void)
{
    step_reset(&s);
    while (fread(s.x, sizeof s.x, 1, stdin) == 1 && fread(s.quality, sizeof s.quality, 1, stdin) == 1) step_step(&s);
    return 0;
}
"""
ODD = np.array([-2**31, -2**31 + 1, 2**31 - 1, 0, 1, -1, 2**30, 12345678], np.int64)


@pytest.mark.parametrize("name", ["monitor pca", "monitor cva", "Softmax", "Conv streaming", "forest of all kinds"])
def test_no_integer_makes_a_step_overflow(name: str, tmp_path: Path) -> None:
    artifact = compiled(name.removeprefix("monitor ")) if name.startswith("monitor") else backend("c").compile(
        small(name), PC)
    files = archive.unpack(artifact)
    for each in ("step.c", "step.h"):
        (tmp_path / each).write_bytes(files[each])
    (tmp_path / "driver.c").write_text(DRIVER)
    build.compile_(build.compiler(), [*build.STRICT, *SANITIZED, "step.c", "driver.c", "-o", "driver"], str(tmp_path))
    layout, random = archive.layout(files), np.random.default_rng(6)
    channels = len(layout["points"]["x"])
    x = random.choice(ODD, (200, 1, channels))
    x[::3] = random.integers(-2**31, 2**31, (67, 1, channels))
    quality = random.choice(np.array([0, 1, 1, 1, 2**31 - 1, -2**31], np.int64), x.shape)
    rows = np.concatenate([x, quality], axis=1).astype(np.int32)
    done = subprocess.run([tmp_path / "driver"], input=rows.tobytes(), capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()[:800]) == (0, "")
