"""HTML by construction: whatever is not markup already is escaped, so no text can become a tag."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_VOID = frozenset({"meta", "br", "hr", "input"})
# Characters that HTML forbids, and lone surrogates, which no UTF-8 file can hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]


def escape(text: str) -> str:
    """Safe as content and as a quoted attribute.

    >>> escape('<b a="1">' + chr(0))
    '&lt;b a=&quot;1&quot;&gt;\ufffd'
    """
    return html.escape(_FORBIDDEN.sub("\ufffd", text))


def join(*children: Child) -> Markup:
    """Children one after the other; None is nothing."""
    return Markup("".join(_flat(children)))


def _flat(children: Child) -> Iterable[str]:
    if children is None:
        return
    if isinstance(children, Markup):
        yield children
    elif isinstance(children, str | int):
        yield escape(str(children))
    else:
        for child in children:
            yield from _flat(child)


def el(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """One element. ``class_`` is class, ``data_low`` data-low; None and False leave an attribute out.

    >>> el("p", "1 < 2", el("b", "!"), class_="note", hidden=True)
    '<p class="note" hidden>1 &lt; 2<b>!</b></p>'
    """
    opened = name + "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{opened}>") if name in _VOID else Markup(f"<{opened}>{join(*children)}</{name}>")


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def name(text: str) -> Markup:
    """A name from the plant: kept apart from the direction of the text around it, free to break anywhere."""
    return el("bdi", text, class_="name", title=text if len(text) > 40 else None)


def table(rows: Iterable[Child], heads: Iterable[Child] = (), *, style: str | None = None) -> Markup:
    """A table that scrolls in itself where the page is too narrow; ``heads`` are whole ``th`` elements."""
    head = list(heads)
    top = el("thead", el("tr", head)) if head else None
    return el("div", el("table", top, el("tbody", rows), class_=style), class_="scroll")
