"""Inject every fault of the matrix and write ``bench/FAULTS.md``.

    python -m tests.faults                                   all of it (``make faults``)
    python -m tests.faults --resume                          goes on with one that ended before its end
    python -m tests.faults --times 3                         three seeds a case; the table says how many there were
    python -m tests.faults --only historian                  cases whose name holds that; the table is only shown
    python -m tests.faults --only historian_killed --seed 17 --times 1
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.case import Case, NotHere, Outcome, cases
from tests.faults.kept import PLACE, Kept, commit
from tests.faults.table import Found, Row, failures, replay, table

REPORT = Path(__file__).resolve().parents[2] / "bench" / "FAULTS.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="part of a case's group and name")
    parser.add_argument("--seed", type=int, default=0, help="the first seed of each case")
    parser.add_argument("--times", type=int, help="how many seeds a case, instead of its own number")
    parser.add_argument("--resume", action="store_true", help="go on with the run of all cases that was broken off")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cases at a time")
    chosen = parser.parse_args()
    rows = {one.name: Row(one) for one in cases(chosen.only)}
    if not rows:
        sys.exit(f"no case's name holds {chosen.only!r}; python -m tests.faults --times 0 lists them all")
    most = sys.maxsize if chosen.only else 0  # of named ones as many as asked for, of all no more than is their own
    wanted = [(row.case, seed) for row in rows.values() for seed in range(
        chosen.seed, chosen.seed + (row.case.times if chosen.times is None
                                    else min(chosen.times, max(row.case.times, most))))]
    whole = not chosen.only and chosen.times != 0
    if chosen.resume and not whole:
        parser.error("--resume goes on with a run of all cases")
    kept = _kept(resume=chosen.resume) if whole else None
    _run(rows, wanted, chosen.jobs, kept)
    return _told(list(rows.values()), kept)


def _kept(*, resume: bool) -> Kept:
    try:
        return Kept(PLACE, commit(), resume=resume)
    except ValueError as error:
        sys.exit(str(error))


def _run(rows: Mapping[str, Row], wanted: Sequence[tuple[Case, int]], jobs: int, kept: Kept | None) -> None:
    """Inject what is not known yet; each is kept as it ends."""
    known = kept.found if kept else {}
    for case, seed in wanted:
        if (case.name, seed) in known:
            rows[case.name].take(seed, known[case.name, seed])
    missing = [(case, seed) for case, seed in wanted if (case.name, seed) not in known]
    begun = time.monotonic()
    for done, (name, seed, found) in enumerate(_injected(missing, jobs), 1):
        rows[name].take(seed, found)
        if kept:
            kept.keep(name, seed, found)
        took = time.monotonic() - begun
        print(f"  .. {done} of {len(missing)}, {took:.0f} s, about {took * (len(missing) - done) / done / 60:.0f} min "
              f"to go: {name}, seed {seed}: {_word(found)}", file=sys.stderr, flush=True)


def _word(found: Found) -> str:
    if isinstance(found, NotHere):
        return f"not tried: {found}"
    return "well" if isinstance(found, Outcome) and found.survived else f"NOT SURVIVED {found}"


def _injected(wanted: Sequence[tuple[Case, int]], jobs: int) -> Iterator[tuple[str, int, Found]]:
    with ProcessPoolExecutor(max_workers=max(1, jobs)) as pool:
        longest_first = sorted(wanted, key=lambda one: one[0].times)  # few times: each takes long, so none ends alone
        running = [pool.submit(inject, case.name, seed) for case, seed in longest_first]
        try:
            for one in as_completed(running):
                yield one.result()
        except BrokenProcessPool:  # the system ended one that used too much memory
            sys.exit("a process that injects faults was killed; what had ended is kept: go on with --resume")


def inject(name: str, seed: int) -> tuple[str, int, Found]:
    """One fault in a folder of its own; what it raised in words instead of an outcome."""
    [case] = [one for one in cases() if one.name == name]
    with tempfile.TemporaryDirectory(prefix="lineshaft-fault-") as folder:
        try:
            return name, seed, case.inject(seed, Path(folder))
        except NotHere as error:
            return name, seed, error
        except Exception as error:  # noqa: BLE001  # the table tells it, with how to see it again
            return name, seed, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _told(rows: list[Row], kept: Kept | None) -> int:
    told = (f"{datetime.now(UTC):%Y-%m-%d}, {f'{kept.told()}, ' if kept else ''}{platform.machine()}, "
            f"{os.cpu_count()} cores, Python {platform.python_version()}.")
    text = table(rows, told)
    if kept:
        kept.close()
        REPORT.write_text(text, "utf-8")
    else:
        print(text)
    wrong = [(row.case, seed, why) for row in rows for seed, why in failures(row)]
    for case, seed, why in wrong:
        print(f"NOT SURVIVED: {why}\n  again: {replay(case, seed)}", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
