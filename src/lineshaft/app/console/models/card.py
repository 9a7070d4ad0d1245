"""A model card's Markdown as plain structure: what a page draws is text in elements of its own, never HTML.

Only what a card needs is known: headings, paragraphs, lists, tables, `code`, **strong** and *emphasis*. Everything
else stays as it was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+(.*)$")
_RULE = re.compile(r":?-+:?$")
_SPAN = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\s][^*\n]*)\*")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text; ``style`` is empty, code, strong or emphasis."""

    text: str
    style: str = ""


Text = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """``kind`` heading (``level``, ``text``), paragraph (``text``), list (``items``) or table (``head``, ``rows``)."""

    kind: str
    level: int = 0
    text: Text = ()
    items: tuple[Text, ...] = ()
    head: tuple[Text, ...] = ()
    rows: tuple[tuple[Text, ...], ...] = ()


def blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks in order.

    >>> [block.kind for block in blocks("# cell, version 1\\n\\nWatches 3 tags.\\n\\n- one\\n- two\\n")]
    ['heading', 'paragraph', 'list']
    """
    lines, found = markdown.splitlines(), list[Block]()
    place = 0
    while place < len(lines):
        block, place = _block(lines, place)
        if block is not None:
            found.append(block)
    return tuple(found)


def spans(text: str) -> Text:
    """Text in its styles.

    >>> [(span.text, span.style) for span in spans("dataset `sha256:1`, *held out*")]
    [('dataset ', ''), ('sha256:1', 'code'), (', ', ''), ('held out', 'emphasis')]
    """
    found, at = list[Span](), 0
    for match in _SPAN.finditer(text):
        if match.start() > at:
            found.append(Span(text[at:match.start()]))
        style = next(name for name, part in zip(("code", "strong", "emphasis"), match.groups(), strict=True) if part)
        found.append(Span(match[match.lastindex or 0], style))
        at = match.end()
    return (*found, Span(text[at:])) if at < len(text) else tuple(found)


def _block(lines: list[str], place: int) -> tuple[Block | None, int]:
    line = lines[place].strip()
    if not line:
        return None, place + 1
    if match := _HEADING.match(line):
        return Block("heading", len(match[1]), spans(match[2])), place + 1
    if _ITEM.match(line):
        return _list(lines, place)
    if _is_table(lines, place):
        return _table(lines, place)
    end = place + 1
    while end < len(lines) and _continues(lines, end):
        end += 1
    return Block("paragraph", text=spans(" ".join(one.strip() for one in lines[place:end]))), end


def _list(lines: list[str], place: int) -> tuple[Block, int]:
    items: list[str] = []
    while place < len(lines) and lines[place].strip():
        if match := _ITEM.match(lines[place].strip()):
            items.append(match[1])
        elif _continues(lines, place):
            items[-1] += f" {lines[place].strip()}"
        else:
            break
        place += 1
    return Block("list", items=tuple(map(spans, items))), place


def _table(lines: list[str], place: int) -> tuple[Block, int]:
    head = _cells(lines[place])
    place += 2
    rows: list[tuple[Text, ...]] = []
    while place < len(lines) and lines[place].strip().startswith("|"):
        cells = _cells(lines[place])[:len(head)]
        rows.append((*cells, *[()] * (len(head) - len(cells))))
        place += 1
    return Block("table", head=head, rows=tuple(rows)), place


def _continues(lines: list[str], place: int) -> bool:
    line = lines[place].strip()
    return bool(line) and not _HEADING.match(line) and not _ITEM.match(line) and not _is_table(lines, place)


def _is_table(lines: list[str], place: int) -> bool:
    if not lines[place].strip().startswith("|") or place + 1 >= len(lines):
        return False
    below = lines[place + 1].strip()
    return below.startswith("|") and all(_RULE.match(cell.strip()) for cell in below.strip("|").split("|"))


def _cells(line: str) -> tuple[Text, ...]:
    inside = line.strip().removeprefix("|")
    inside = inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside
    return tuple(spans(cell.strip().replace("\\|", "|")) for cell in _CELL.split(inside))
