"""``lineshaft`` and a plant that states other units: ``python -m tests.faults.other_units PATH=UNIT plant serve``."""

from __future__ import annotations

import sys
from dataclasses import replace

from lineshaft.connect.plant import tags


def main() -> int:
    """The values stay as they are: what they mean is another thing now."""
    path, _, unit = sys.argv[1].partition("=")
    assert path in {tag.path for tag in tags.TAGS}
    tags.TAGS = tuple(replace(tag, unit=unit) if tag.path == path else tag for tag in tags.TAGS)
    from lineshaft.app.cli import main as lineshaft  # reads the tags when it is imported

    return lineshaft(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
