"""How much each tag matters to the answers."""

from __future__ import annotations

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.markup import Markup, el, name, table
from lineshaft.app.report.text import Text, number, percent

MOST = 30


def weights(found: Answered, text: Text) -> Markup | None:
    """The heaviest first."""
    if not found.weights:
        return None
    rows = [el("tr", el("td", name(one.tag)), el("td", _bar(one.share), " ", percent(one.share), class_="n"),
               el("td", number(one.loss), class_="n")) for one in found.weights[:MOST]]
    more = len(found.weights) - MOST
    return el("div", el("h3", text("answers.weights")), el("p", text("answers.weights_note"), class_="note"),
              table(rows, [el("th", text("answers.tag")), el("th", text("answers.share"), class_="n"),
                           el("th", text("answers.loss_without"), class_="n")]),
              el("p", text("answers.more", n=more), class_="note") if more > 0 else None)


def _bar(share: float) -> Markup:
    return el("span", el("i", style=f"width:{100 * share:.0f}%"), class_="bar")
