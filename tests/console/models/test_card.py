"""A model card becomes blocks of text, whatever it holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lineshaft.app.console.models.card import Block, Span, blocks

MARKDOWN = st.lists(st.sampled_from(
    ["# a", "## b `c`", "- one", "* two", "1. three", "| a | b |", "|---|---|", "| 1 | 2 | 3 |", "| x |", "", "text",
     "**bold** and *soft*", "<script>alert(1)</script>", "|", "#", "`", "**", "- ", "  deep"]), max_size=20)


def said(block: Block) -> str:
    spans = [*block.text, *(span for item in block.items for span in item),
             *(span for cell in block.head for span in cell), *(span for row in block.rows for cell in row
                                                               for span in cell)]
    return "".join(span.text for span in spans)


def test_a_table_keeps_its_columns_also_where_cells_are_missing_or_too_many() -> None:
    (table,) = blocks("| learner | found |\n|---|---|\n| pca | 9% |\n| cva |\n| x | y | z |\n")
    assert [len(row) for row in table.rows] == [2, 2, 2]
    assert (table.head[1], table.rows[0][1], table.rows[1][1]) == ((Span("found"),), (Span("9%"),), ())


def test_a_bar_that_is_escaped_is_text() -> None:
    (table,) = blocks("| a |\n|---|\n| x \\| y |\n")
    assert table.rows[0][0] == (Span("x | y"),)


def test_lines_of_one_item_or_paragraph_belong_together() -> None:
    paragraph, items = blocks("one\ntwo\n\n- three\n  four\n- five\n")
    assert said(paragraph) == "one two"
    assert [item[0].text for item in items.items] == ["three four", "five"]


def test_html_is_text_like_any_other() -> None:
    (block,) = blocks("see <script>alert(1)</script> `<b>`")
    assert block.text == (Span("see <script>alert(1)</script> "), Span("<b>", "code"))


@given(MARKDOWN)
def test_no_word_is_lost_whatever_is_written(lines: list[str]) -> None:
    found = "".join(said(block) for block in blocks("\n".join(lines)))
    for word in ("text", "alert", "bold", "one", "two", "three"):
        if any(word in line for line in lines):
            assert word in found


@given(st.text(max_size=200))
def test_any_text_at_all_is_read(text: str) -> None:
    assert all(block.kind in ("heading", "paragraph", "list", "table") for block in blocks(text))
