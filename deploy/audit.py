"""``python -m deploy.audit``: whether an installed package has a known weakness, by pip-audit.

Exit codes: 0 none is known, 1 some are (with the version that mends each), 3 the service could not be asked. pip-audit
itself ends with 0 where it found nothing because it was told nothing; here every package has to be answered for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

CLEAN, WEAK, UNKNOWN = 0, 1, 3
SHOWN = 5
COMMAND = (sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--progress-spinner", "off", "--timeout",
           "20", "--format", "json")


def verdict(found: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """The exit code for pip-audit's ``dependencies``, and its lines for a person."""
    weak = [f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version'}"
            for one in found for flaw in one.get("vulns", ())]
    unknown = [one["name"] for one in found if "skip_reason" in one and "editable" not in one["skip_reason"]]
    asked = [one for one in found if "vulns" in one]
    if unknown:
        names = ", ".join(unknown[:SHOWN]) + (f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else "")
        weak.append(f"{len(unknown)} packages were not audited, since the service does not know them or can't be "
                    f"reached from here: {names}")
    if any("vulns" in one and one["vulns"] for one in found):
        return WEAK, weak
    return (CLEAN, [f"{len(asked)} packages, no weakness known"]) if asked and not unknown else (UNKNOWN, weak)


def main() -> int:
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"nothing was audited: {last[:300]}; run it where pypi.org can be reached", file=sys.stderr)
        return UNKNOWN
    code, lines = verdict(found)
    print("\n".join(lines), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
