"""The page about the plant says what the code does."""

from __future__ import annotations

from pathlib import Path

from lineshaft.connect.plant.document import refresh
from lineshaft.connect.plant.faults import FAULTS
from lineshaft.connect.plant.instruments import INSTRUMENTS

PAGE = Path(__file__).parents[4] / "docs" / "plant.md"


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert page == refresh(page), "run: python -m lineshaft.connect.plant.document docs/plant.md"


def test_every_tag_and_every_fault_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    names = [*(instrument.name for instrument in INSTRUMENTS), *FAULTS]
    assert all(f"| `{name}` |" in page for name in names)
