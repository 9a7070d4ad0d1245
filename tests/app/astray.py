"""A project in which a tag goes astray, with a bundle that learnt before."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lineshaft.app import training
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND
from lineshaft.core.quality import GOOD
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

START = 1_700_000_000 * SECOND
TAGS = tuple(f"cell/{name}" for name in "abcd")
ROWS = 1200


def astray(folder: Path) -> Project:
    """Ten minutes that are normal, a minute's gap, and then a tag that goes astray; each tag at times of its own."""
    text = template(name="works", learn="9min").replace('# learner = "auto"', 'learner = "zscore"')
    (folder / "lineshaft.toml").write_text(text, "utf-8")
    project = Project.open(folder)
    values = np.random.default_rng(20260101).normal(size=(ROWS, 4))
    values[900:950, 2] += 30.0
    times = START + SECOND * (np.arange(ROWS) + 60 * (np.arange(ROWS) >= 600))
    with project.historian() as historian:
        historian.register([Tag(tag, address=tag) for tag in TAGS])
        for place in range(4):
            historian.append(Samples(TAGS, np.full(ROWS, place, np.int32), times - place * 10_000_000,
                                     values[:, place], np.full(ROWS, GOOD, np.uint32)))
        training.declare_normal(project, historian, START, START + 600 * SECOND, "anna", "")
        training.train(project, historian)
    return project
