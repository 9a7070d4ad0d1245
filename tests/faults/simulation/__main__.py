"""One world with its story, or many in a row."""

from __future__ import annotations

import argparse
import sys
import time

from tests.faults.simulation import __doc__ as usage
from tests.faults.simulation.simulation import simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulation", description=usage,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--story", action="store_true", help="every event of note, times in periods")
    chosen = parser.parse_args()
    begun, wrong = time.monotonic(), 0
    for seed in range(chosen.seed, chosen.seed + chosen.times):
        found = simulate(seed, told=chosen.story)
        print(*found.story, sep="\n") if found.story else None
        if found.broken:
            wrong += 1
            print(f"seed {seed}: {found.broken[0]}")
    print(f"{chosen.times} worlds, {wrong} broken, {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
